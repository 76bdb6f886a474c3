"""Take the console's picture while `antrean serve --demo` runs: python docs/pictures/console.py http://127.0.0.1:PORT."""

import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

LOOK_MS = 8_000
"""Until then all pictures of cards are there."""


def main(url: str) -> None:
    """Write console.png beside this file.

    Raises:
        FileNotFoundError: there is no chromium.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise FileNotFoundError("there is no chromium; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless=new", "--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(url)
        page.wait_for_timeout(LOOK_MS)
        taken = page.screenshot(full_page=True)
        browser.close()
    # 256 colours are enough for it, and a third of the bytes.
    few = Image.open(BytesIO(taken)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(Path(__file__).with_name("console.png"), optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
