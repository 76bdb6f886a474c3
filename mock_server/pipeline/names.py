"""Names as the national search sees them: spelled as they sound, their words in order."""

import re
import unicodedata

_TITLES = frozenset({"DR", "DRA", "DRS", "IR", "H", "HJ", "KH", "PROF", "ST", "SE", "SH", "SPD", "SKOM", "MM", "MSI"})
_OLD_SPELLINGS = (("OE", "U"), ("TJ", "C"), ("DJ", "J"), ("SJ", "SY"), ("NJ", "NY"), ("CH", "KH"))
"""The spelling before 1972, still borne in names: Soekarno, Tjokro, Djoko."""
_SAME_SOUND = str.maketrans({"V": "F", "Q": "K", "X": "K", "Z": "S", "Y": "I"})
_WORD = re.compile(r"[A-Z]+")
_REPEATED = re.compile(r"(.)\1+")


def search_key(name: str) -> str:
    """Return the key under which a name is found however it is spelled: "Drs. Soekarno" and "SUKARNO" share one."""
    plain = unicodedata.normalize("NFKD", name.replace(".", " ")).encode("ascii", "ignore").decode().upper()
    words = [word for word in _WORD.findall(plain) if word not in _TITLES]
    return " ".join(sorted(_as_heard(word) for word in words))


def _as_heard(word: str) -> str:
    for old, new in _OLD_SPELLINGS:
        word = word.replace(old, new)
    return _REPEATED.sub(r"\1", word.translate(_SAME_SOUND))
