from tests.app.office import app  # noqa: F401
from tests.github.fixtures import ann, github, world  # noqa: F401
