# `flask run` listens where the other commands do. taskapi/cli.py adds HOST and PORT of .env.
FLASK_RUN_HOST=${HOST:-127.0.0.1}
FLASK_RUN_PORT=${PORT:-8000}
