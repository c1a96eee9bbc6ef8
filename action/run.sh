#!/usr/bin/env bash
# Audits and reports; the step of action.yml, and of any other service. All arguments are variables, so that no
# text of a workflow's input is ever read as a command:
#   SAFELOAD_PATHS          what to audit, one a line; empty: all that the lock names
#   SAFELOAD_LOCK           a lock file that all of it is held to, or empty
#   SAFELOAD_ACTION_POLICY  a policy file or built-in, or empty
#   SAFELOAD_TRUST          a trust store, or empty
#   SAFELOAD_OFFLINE        true or false
#   SAFELOAD_FAIL_ON        deny: the exit code is that of the audit; error: only its code 2 fails
#   SAFELOAD_SUMMARY        true: append markdown to the file in GITHUB_STEP_SUMMARY, where there is one
#   SAFELOAD_REPORTS        folder of the reports; by default one in RUNNER_TEMP
set -euo pipefail

paths=()
while IFS= read -r line || [[ -n $line ]]; do
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    [[ -z $line ]] || paths+=("$line")
done <<<"${SAFELOAD_PATHS:-}"
if ((${#paths[@]} == 0)) && [[ -z ${SAFELOAD_LOCK:-} ]]; then
    echo "there is nothing to audit: neither paths nor a lock is given" >&2
    exit 2
fi

reports=${SAFELOAD_REPORTS:-${RUNNER_TEMP:-$(mktemp -d)}/safeload-reports}
mkdir -p "$reports"
rm -f "$reports"/decision.json "$reports"/safeload.sarif "$reports"/safeload.html

options=(--format github)
options+=(-o "json=$reports/decision.json" -o "sarif=$reports/safeload.sarif" -o "html=$reports/safeload.html")
[[ -z ${SAFELOAD_ACTION_POLICY:-} ]] || options+=("--policy=$SAFELOAD_ACTION_POLICY")
[[ -z ${SAFELOAD_LOCK:-} ]] || options+=("--lock=$SAFELOAD_LOCK")
[[ -z ${SAFELOAD_TRUST:-} ]] || options+=("--trust=$SAFELOAD_TRUST")
for name in SAFELOAD_OFFLINE SAFELOAD_SUMMARY; do
    case ${!name:-false} in
    true | false) ;;
    *)
        echo "$name is neither true nor false" >&2
        exit 2
        ;;
    esac
done
[[ ${SAFELOAD_OFFLINE:-false} == false ]] || options+=(--offline)
[[ ${SAFELOAD_SUMMARY:-false} == false || -z ${GITHUB_STEP_SUMMARY:-} ]] || options+=(--summary)
case ${SAFELOAD_FAIL_ON:-deny} in
deny | error) ;;
*)
    echo "fail-on is neither deny nor error" >&2
    exit 2
    ;;
esac

status=0
safeload audit "${options[@]}" -- ${paths[@]+"${paths[@]}"} || status=$?
case $status in
0) verdict=allow ;;
1) verdict=deny ;;
3) verdict=inconclusive ;;
*) verdict=error status=2 ;;
esac

if [[ -n ${GITHUB_OUTPUT:-} ]]; then
    echo "verdict=$verdict" >>"$GITHUB_OUTPUT"
    for pair in report=decision.json sarif=safeload.sarif html=safeload.html; do
        file=$reports/${pair#*=}
        [[ ! -f $file ]] || echo "${pair%%=*}=$file" >>"$GITHUB_OUTPUT"
    done
fi
echo "safeload: verdict $verdict, reports in $reports"
[[ ${SAFELOAD_FAIL_ON:-deny} == deny || $verdict == error ]] || exit 0
exit "$status"
