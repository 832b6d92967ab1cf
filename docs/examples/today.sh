#!/bin/sh
# List open tasks, the most urgent first, or complete a task.
#
#   export TASKAPI_URL=http://127.0.0.1:8000 TASKAPI_KEY=tsk_...
#   sh today.sh
#   sh today.sh done 7
#
# Requires curl and jq.
set -eu

call() { # usage: call METHOD PATH [CURL OPTIONS]; prints the problem and fails on an error
  method=$1 path=$2
  shift 2
  response=$(curl --silent --show-error --fail-with-body --request "$method" \
    --header "Authorization: Bearer $TASKAPI_KEY" "$@" "$TASKAPI_URL/api/v1$path") || {
    printf '%s\n' "$response" | jq --raw-output '"\(.code): \(.detail)"' >&2
    return 1
  }
  printf '%s\n' "$response"
}

show() {
  query='status=todo,in_progress&sort=-priority&limit=100'
  cursor=''
  while :; do
    page=$(call GET "/tasks?$query$cursor")
    printf '%s\n' "$page" | jq --raw-output '.items[] | [.id, .priority, .due_date // "-", .title] | @tsv'
    next=$(printf '%s\n' "$page" | jq --raw-output '.next_cursor // empty | @uri')
    [ "$next" ] || break
    cursor="&cursor=$next"
  done
}

complete() {
  task=$(call GET "/tasks/$1")
  version=$(printf '%s\n' "$task" | jq .version)
  call PATCH "/tasks/$1" --header "If-Match: \"$version\"" \
    --json '{"status": "completed"}' >/dev/null
  printf '%s\n' "$task" | jq --raw-output '"completed: \(.title)"'
}

case ${1:-} in
  '') show ;;
  done) complete "$2" ;;
  *) sed -n 's/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
