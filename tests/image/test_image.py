"""Agreement of the image trial with the Dockerfile."""

import re
import subprocess
import sys

from tests.helpers.programs import ROOT
from tests.image import build as image

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_base_images_have_the_names_in_the_dockerfile() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    named = {f"docker.io/library/{base}" for base in bases}

    assert named == {image.BASE, image.POSTGRESQL}


def test_data_folder_is_mounted_at_the_path_in_the_dockerfile() -> None:
    made = re.findall(r"install --directory .* (/\w+)$", DOCKERFILE, re.MULTILINE)

    assert [f'"$root{folder}"' in image.ENTER_IMAGE for folder in made] == [True]


def test_help_text_names_the_differences_from_the_real_image() -> None:
    command = [sys.executable, "-m", "tests.image.build", "--help"]

    process = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert process.returncode == 0
    assert "Differences" in process.stdout


def test_documented_commands_are_those_of_the_trial() -> None:
    serve, *others = image.documented_commands()

    assert serve == ["sh", "-c", "flask db upgrade && exec gunicorn wsgi:app"]
    assert [image.without_redirection(words) for words in others] == [
        ["flask", "users", "create", "--admin"],
        ["flask", "backup", "-"],
        ["flask", "restore", "-"],
    ]
