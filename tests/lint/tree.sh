#!/bin/sh
# SPDX-License-Identifier: MIT
# The tree's boundaries: who may include each library's header and each other directory; no banned functions, no //
# comments, no overlong files.
. "$(dirname "$0")/lib.sh"

# room_of HEADER PATTERN: only files whose path matches the extended regular expression may include it.
room_of() {
	grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]$1[>\"]" $(rooms) --include='*.[ch]' |
		grep -vE "^($2)" | faults_of "$1 may not be included here"
}
room_of 'microhttpd\.h' 'http/'
room_of 'MQTTAsync\.h|MQTTClient\.h' 'mqtt/'
room_of 'sqlite3\.h' 'store/'
room_of 'jwt\.h' 'core/token_signer\.c:'
room_of 'mosquitto(_plugin|_broker)?\.h' 'auth-plugin/plugin\.c:'
room_of 'curl/[a-z]*\.h' 'cli/|bridge/|sim/'
room_of 'crypt\.h' 'api/password\.c:'
room_of 'zlib\.h' 'http/answer\.c:|tests/'

# arrows ROOM ALLOWED: which of our directories a directory may include.
arrows() {
	test -d "$1" || return 0
	grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$1" --include='*.[ch]' |
		grep -vE "include[[:space:]]*\"($2)/" | faults_of "$1 may include only $2"
}
arrows core 'core'
arrows store 'core|store'
arrows mqtt 'core|mqtt'
arrows http 'core|http'
arrows auth-plugin 'core|auth-plugin'
arrows ingest 'core|store|mqtt|http|ingest'
arrows bridge 'core|store|mqtt|bridge'
arrows api 'core|store|http|api'
arrows sim 'core|http|sim'

# Prints the code without comments and strings, which may mention banned functions.
code_of() {
	sed -e 's|/\*[^*]*\*/||g' -e '/^[[:space:]]*\/\*/,/\*\//d' -e 's/"\([^"\\]\|\\.\)*"/""/g' "$1"
}
banned='strcpy|strcat|sprintf|vsprintf|strtok|atoi|gets|strncpy|alloca|system|popen|localtime|gmtime|rand|srand|tmpnam'
for file in $(sources); do
	code_of "$file" | grep -nE "(^|[^A-Za-z0-9_>.])($banned)[[:space:]]*\(" | faults_of "$file: a banned function"
	code_of "$file" | grep -nE '(^|[^:])//' | faults_of "$file: a // comment"
done

# One function copies text in store/, and marks the transaction failed when it cannot.
for file in $(sources | grep '^store/' | grep -v '^store/sqlite\.c$'); do
	code_of "$file" | grep -nE '(^|[^A-Za-z0-9_>.])(strdup|strndup|asprintf)[[:space:]]*\(' | faults_of "$file: copies go through db_dup"
done

# The length limits. Files that may be longer are listed with the reason; any other overlong file should be two modules.
long_enough() {
	case $1 in
	store/columns.h) echo 200 ;;    # every column that several statements select
	store/store.h) echo 310 ;;      # the interface of every backend, with its operations as values
	store/statements.h) echo 225 ;; # all SQL in one list
	*.c) echo 700 ;;
	*) echo 150 ;;
	esac
}
for file in $(sources); do
	lines=$(wc -l <"$file")
	if [ "$lines" -gt "$(long_enough "$file")" ]; then
		fault "$file: $lines lines, at most $(long_enough "$file"): split the file"
	fi
done
finish
