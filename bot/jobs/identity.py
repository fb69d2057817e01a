"""Takes a purpose and returns the id by which a pull or an issue of ours that carries no modification is found again.

Such a thing is one a repository, and it is looked for in its repository alone, so its purpose is its identity: a
repository that is renamed or moved keeps it. The ids of modifications are hashes of longer texts (design.md §4).
"""

from __future__ import annotations

import hashlib


def identity(purpose: str) -> str:
    """Twelve hex digits, the same in every repository."""
    return hashlib.sha256(f"flywheel/{purpose}".encode()).hexdigest()[:12]


def revision(text: str) -> str:
    """Eight hex digits that change with the text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


ASIDE = frozenset(map(identity, ("configuration", "onboarding", "pilot")))
"""What carries no modification: it has no place in the ledger, and whoever tends changes leaves it alone."""
