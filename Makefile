# A thin door: every command installs what it needs, builds, then does its work. The build itself is
# CMake's (CMakePresets.json), the tests are ctest's.
.PHONY: build programs dashboard run check test test-long bench clean packages test-packages node-packages

TESTS_OFF = $(if $(wildcard build/CMakeCache.txt),,-DCW_TESTS=OFF)

packages:
	@scripts/install-packages.sh run

test-packages:
	@scripts/install-packages.sh test

build: programs dashboard

programs: packages
	@cmake --preset release $(TESTS_OFF) >/dev/null
	@cmake --build --preset release

# What the daemon serves, in build/share; only when something of it changed.
DASHBOARD = build/share/convwire/dashboard/index.html
dashboard: packages $(DASHBOARD)
$(DASHBOARD): $(shell find dashboard client -not -path '*/node_modules*' -not -path '*/dist/*' -type f)
	@scripts/npm-ci.sh client dashboard
	@cd dashboard && npm run --silent build
	@touch $@

run: build
	@[ -e var/convwire.conf ] || build/bin/convwire init --dir ./var
	@exec build/bin/convwire up --dir ./var --take-free-ports

node-packages: test-packages
	@scripts/npm-ci.sh client tests
	@cd client && npm run --silent build

test-build: node-packages dashboard
	@cmake --preset release -DCW_TESTS=ON >/dev/null
	@cmake --build --preset release

# Under five minutes on two cores: unit tests, lint, the quick scenarios, without a browser.
check: test-build
	@ctest --test-dir build --output-on-failure -L 'unit|lint|quick' -LE 'long|sanitizer'

# Everything but what takes hours; sanitizer builds included.
test: test-build
	@ctest --test-dir build --output-on-failure -LE long

# The exhaustive rest: every kill point, each fuzz target for a minute.
test-long: test-build
	@ctest --test-dir build --output-on-failure -L long

bench: test-build
	@node bench/ingest.mjs
	@node bench/check.mjs
	@node bench/fanout.mjs
	@node bench/storm.mjs
	@node bench/expiry.mjs
	@node bench/replies.mjs
	@node bench/dashboard.mjs

clean:
	@rm -rf build build-dev build-clang build-asan build-tsan build-fuzz
