"""A git repository in which pulls are merged: what the tests of tasks begin with."""

import subprocess
from pathlib import Path


class Shop:
    """A repository in which every pull is merged at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.write({"shop.py": "def price():\n    return 1\n"})
        self.git("commit", "-q", "-m", "Begin")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
        self.git("add", "-A")

    def pull(self, number: int, files: dict[str, str], body: str = "") -> str:
        self.git("checkout", "-q", "-b", f"b{number}")
        self.write(files)
        self.git("commit", "-q", "-m", "Work")
        self.git("checkout", "-q", "main")
        self.git(
            "merge", "-q", "--no-ff", f"b{number}", "-m", f"Merge pull request #{number} from ann/b{number}\n\n{body}"
        )
        return self.git("rev-parse", "HEAD")

    def good(self, number: int, body: str = "") -> str:
        files = {
            f"part{number}.py": f"value = {number}\n",
            f"tests/test_part{number}.py": (
                f"import sys\nsys.path.insert(0, '.')\nimport part{number}\nassert part{number}.value == {number}\n"
            ),
        }
        return self.pull(number, files, body)
