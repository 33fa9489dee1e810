#!/bin/sh
# SPDX-License-Identifier: MIT
# The plugin must export its three functions and nothing else: mosquitto 2.0 loads plugins with RTLD_GLOBAL. exports.sh
# ROOT convwire_auth.so
. "$(dirname "$0")/lib.sh"

found=$(nm -D --defined-only "$2" | awk '{ print $2, $3 }' | sort)
wanted='T mosquitto_plugin_cleanup
T mosquitto_plugin_init
T mosquitto_plugin_version'
test "$found" = "$wanted" || fault "$2 exports
$found
and should export
$wanted"
finish
