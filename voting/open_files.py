"""How many files this process may have open: a phone costs one.

Owns the limit, raised as far as the system lets us, and what of it is not for phones. Imports
nothing that gevent changes: gunicorn asks before its workers are there.
"""

from __future__ import annotations

RESERVED_FILES = 64
"""File descriptors that are not phones': the journal, logs, pages under way."""

UNLIMITED = 65_536
"""What is asked for where the system has no limit of its own."""


def raise_file_limit() -> int | None:
    """Allow as many open files as the system lets us; return how many phones that is.

    None where the system has no such limit.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = UNLIMITED
    if soft < hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):
            pass  # then the soft limit is what there is, and what we say
    return max(0, soft - RESERVED_FILES)
