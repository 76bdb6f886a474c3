"""A life no longer than the parent's: Locust ends by itself when the program that started it is gone."""

import os
import signal

import gevent

LOOK_S = 0.2
END_WITHIN_S = 0.6
"""What the process gets to write down what it holds."""


def follow(parent: int) -> None:
    """End this process, by SIGTERM and then by force, when its parent is no longer `parent`; a greenlet's body."""
    while os.getppid() == parent:
        gevent.sleep(LOOK_S)
    # The kernel's default for this signal ends the process, however busy Python is.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, END_WITHIN_S)
    os.kill(os.getpid(), signal.SIGTERM)
