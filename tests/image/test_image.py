"""What tests/image/build.py takes for granted is what the Dockerfile says."""

import re
import subprocess
import sys

from tests.helpers.programs import ROOT
from tests.image import build as image

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_what_stands_in_has_the_names_of_the_real_images() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    named = {f"docker.io/library/{base}" for base in bases}

    assert named == {image.BASE, image.SERVER}


def test_the_folder_that_is_mounted_is_the_one_of_the_image() -> None:
    made = re.findall(r"install --directory .* (/\w+)$", DOCKERFILE, re.MULTILINE)

    assert [f'"$root{folder}"' in image.ENTER for folder in made] == [True]


def test_the_script_says_what_differs_from_the_real_image() -> None:
    words = [sys.executable, "-m", "tests.image.build", "--help"]

    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "Differences" in done.stdout
