"""Commands of this installation, in a form that can be copied into a shell."""

import shutil
import sys
from pathlib import Path


def flask_command(arguments: str) -> str:
    """Return a `flask` command, with the path of the program unless PATH has it.

    The path is relative if it is below the working directory: `.venv/bin/flask`.
    """
    program = Path(sys.executable).with_name("flask")
    if shutil.which("flask") == str(program) or not program.exists():
        return f"flask {arguments}"
    if program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    return f"{program} {arguments}"
