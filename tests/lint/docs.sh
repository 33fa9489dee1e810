#!/bin/sh
# SPDX-License-Identifier: MIT
# What is written down: every setting in docs/convwire.conf.5.scd and every topic in docs/protocol.md.
. "$(dirname "$0")/lib.sh"

settings=$(sed -nE 's/^\t(TEXT|INT|BOOL)\(([a-z_]+),.*/\2/p; s/^\t\{ "([a-z_]+)", CW_CONF.*/\1/p' daemon/settings.c)
test -n "$settings" || fault "no setting was found in daemon/settings.c: has its table another form?"
for key in $settings; do
	test "$(grep -c "^\*$key\*$" docs/convwire.conf.5.scd)" -eq 1 || fault "setting $key has not one entry in docs/convwire.conf.5.scd"
done
# And none that there is not.
for key in $(sed -nE 's/^\*([a-z_]+)\*.*/\1/p' docs/convwire.conf.5.scd); do
	echo "$settings" | grep -qx "$key" || fault "docs/convwire.conf.5.scd has $key, which is no setting"
done

for topic in 'acct/<a>/conv/<c>' 'acct/<a>/events' 'acct/<a>/head' 'acct/<a>/conv/<c>/cmd/<s>' \
	'acct/<a>/conv/<c>/live/<s>' 'acct/<a>/agent/<s>/reply' 'acct/<a>/agent/<s>/feed' 'acct/<a>/agent/<s>/notice' \
	'acct/<a>/agent/<s>/presence/<tab>'; do
	grep -qF "$topic" docs/protocol.md || fault "topic $topic is not in docs/protocol.md"
done
test "$(grep -cE '^	\[CW_TOPIC_[A-Z]+\] = "' core/topic.c)" -eq 9 ||
	fault "core/topic.c has other shapes than the nine of this script"
finish
