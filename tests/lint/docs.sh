#!/bin/sh
# SPDX-License-Identifier: MIT
# Every setting must be documented in docs/convwire.conf.5.scd, and every topic in docs/protocol.md.
. "$(dirname "$0")/lib.sh"

settings=$(sed -nE 's/^\t(TEXT|INT|BOOL)\(([a-z_]+),.*/\2/p; s/^\t\{ "([a-z_]+)", CW_CONF.*/\1/p' daemon/settings.c)
test -n "$settings" || fault "no setting was found in daemon/settings.c: did the format of its table change?"
for key in $settings; do
	test "$(grep -c "^\*$key\*$" docs/convwire.conf.5.scd)" -eq 1 ||
		fault "setting $key must have exactly one entry in docs/convwire.conf.5.scd"
done
# And no setting is documented that does not exist.
for key in $(sed -nE 's/^\*([a-z_]+)\*.*/\1/p' docs/convwire.conf.5.scd); do
	echo "$settings" | grep -qx "$key" || fault "docs/convwire.conf.5.scd documents $key, which is not a setting"
done

for topic in 'acct/<a>/conv/<c>' 'acct/<a>/events' 'acct/<a>/head' 'acct/<a>/conv/<c>/cmd/<s>' \
	'acct/<a>/conv/<c>/live/<s>' 'acct/<a>/agent/<s>/reply' 'acct/<a>/agent/<s>/feed' 'acct/<a>/agent/<s>/notice' \
	'acct/<a>/agent/<s>/presence/<tab>'; do
	grep -qF "$topic" docs/protocol.md || fault "topic $topic is not in docs/protocol.md"
done
test "$(grep -cE '^	\[CW_TOPIC_[A-Z]+\] = "' core/topic.c)" -eq 9 ||
	fault "core/topic.c does not have exactly the nine topics listed in this script; update the list"
# Prose fits in 120 columns; tables, code and links cannot be broken.
git ls-files '*.md' 2>/dev/null | xargs -r perl -CSD -ne '
	$code = !$code if /^```/;
	print "$ARGV:$.: longer than 120 columns\n" if !$code && !/^\||^!\[/ && length() > 121 && /^.{0,120} /;
	close ARGV if eof;' >>"$faults"
finish
