"""The stand-in, its repository and its person, for the tests of the stand-in itself."""

from tests.github.fixtures import ann, github, shop, world

__all__ = ["ann", "github", "shop", "world"]
