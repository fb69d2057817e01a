import pytest

from tests.app.office import app  # noqa: F401
from tests.app.small import Stages
from tests.github.fixtures import ann, github, shop, world  # noqa: F401
from tests.github.keys import pair


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """The small world at each stage of its story, made when it is asked for."""
    return Stages(tmp_path_factory.mktemp("stages"), pair()[1])
