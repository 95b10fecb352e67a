#!/usr/bin/env bash
# Writes what an entry begins with into a folder: the lines of seeds/ENTRY.txt, and what there is of
# its sort in the examples, cases and pages of the repository and among the recorded answers.
#
#   seeds.sh ENTRY FOLDER
#
# Nothing of it is committed: recorded answers are partly other people's.
set -euo pipefail

# Every so many records of one file are enough: they come from generators and are alike.
RECORDS_PER_FILE=200
# Longer ones are slow to mutate and reach nothing that shorter ones do not.
BYTES_MAX=8000

entry="$1"
folder="$(mkdir -p "$2" && cd "$2" && pwd)"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# One file a line of standard input.
lines() {
    awk -v name="$folder/$1-" 'length { file = sprintf("%s%05d", name, NR); printf "%s", $0 > file; close(file) }'
}

# Some lines of every file of recorded answers below a folder.
records() {
    [ -n "${PORTCULLIS_CORPORA:-}" ] && [ -d "$PORTCULLIS_CORPORA/$1" ] || return 0
    find "$PORTCULLIS_CORPORA/$1" -name '*.jsonl' | sort | while read -r file; do
        awk -v max="$BYTES_MAX" -v wanted="$RECORDS_PER_FILE" '
            length > 2 && length <= max { kept[++n] = $0 }
            END {
                step = n > wanted ? n / wanted : 1
                for (i = 1; i <= n; i += step) print kept[int(i)]
            }' "$file"
    done
}

# What a filter says of some recorded answers of the API, one a line.
answers() {
    records kubernetes | jq -r "$1" | cut -c "1-$BYTES_MAX" | sort -u | lines record
}

# The manifests that recorded answers are about: a text within a line of JSON.
recorded_manifests() {
    local count=0 text
    records network | grep -oE '"objects": ?"([^"\\]|\\.)*"' | sed -E 's/^"objects": ?"//; s/"$//; s/\\"/"/g' |
        while IFS= read -r text; do
            count=$((count + 1))
            printf '%b' "$text" > "$(printf '%s/record-%05d' "$folder" "$count")"
        done || true
}

# Manifests and test files of the repository, and the fenced ones of its pages.
manifests() {
    find examples cases -type f \( -name '*.yaml' -o -name '*.case.md' \) -size -24k -print0 |
        while IFS= read -r -d '' file; do cp "$file" "$folder/file-$(tr / - <<<"$file")"; done
    find docs cases -name '*.md' -print0 | xargs -0 awk -v name="$folder/page-" '
        /^```yaml/ { n++; file = sprintf("%s%05d", name, n); next }
        /^```/ { if (file) close(file); file = ""; next }
        file { print > file }'
}

if [ -f "fuzz/seeds/$entry.txt" ]; then
    lines seed < "fuzz/seeds/$entry.txt"
fi
case "$entry" in
    documents_yaml | readers_yaml | printed_yaml | fixes | connect | sectest)
        manifests
        recorded_manifests
        ;;
    documents_json | readers_json)
        records network | lines record
        records rbac | lines right
        ;;
    selector)
        records network | grep -oE '"selector": ?"([^"\\]|\\")*"' | sed -E 's/^"selector": ?"//; s/"$//; s/\\"/"/g' |
            sort -u | lines record || true
        ;;
    request)
        [ -z "${PORTCULLIS_CORPORA:-}" ] || jq -r '"\(.method) \(.url)"' "$PORTCULLIS_CORPORA/rbac/requestinfo.jsonl" |
            lines record
        ;;
    api_json | object | protobuf | patch)
        # The first letter chooses a kind. What an object is told beside it follows a zero byte, which no
        # line can hold: the fuzzer finds it.
        answers '.response | objects | select(.kind) | "a\(tojson)"'
        ;;
    headers)
        # A seed has several lines, which its line of the file cannot have.
        sed -i 's/\\n/\n/g' "$folder"/seed-*
        ;;
    certificate)
        for curve in prime256v1 secp384r1; do
            openssl req -x509 -newkey ec -pkeyopt "ec_paramgen_curve:$curve" -nodes -keyout /dev/null -days 7000 \
                -subj "/O=dev/CN=$curve" -outform DER -out "$folder/$curve" 2>/dev/null
            openssl x509 -inform DER -in "$folder/$curve" -out "$folder/$curve-pem"
        done
        openssl req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj "/O=system:nodes/CN=system:node:a" \
            -out "$folder/request" 2>/dev/null
        ;;
    label_selector | endpoint | allowance | jwt | token_file | quantity | continue_token) ;;
    *)
        echo "there is no entry $entry" >&2
        exit 2
        ;;
esac
