# `flask run` listens where the other commands do; .env may set FLASK_RUN_PORT itself.
FLASK_RUN_HOST=${HOST:-127.0.0.1}
FLASK_RUN_PORT=${PORT:-8000}
