# A thin wrapper: every target installs the packages it needs, builds, then does its work. CMake does the build
# (CMakePresets.json), ctest runs the tests.
.PHONY: build test-build programs dashboard run check test test-long bench bench-build chaos package coverage clean packages test-packages node-packages

TESTS_OFF = $(if $(wildcard build/CMakeCache.txt),,-DCW_TESTS=OFF)

packages:
	@scripts/install-packages.sh run

test-packages:
	@scripts/install-packages.sh test

build: programs dashboard

programs: packages
	@cmake --preset release $(TESTS_OFF) >/dev/null
	@cmake --build --preset release

# The dashboard that the daemon serves, in build/share; rebuilt only when its sources changed.
DASHBOARD = build/share/convwire/dashboard/index.html
dashboard: packages $(DASHBOARD)
$(DASHBOARD): $(shell find dashboard client -not -path '*/node_modules*' -not -path '*/dist/*' -type f)
	@scripts/npm-ci.sh client dashboard
	@cd dashboard && npm run --silent build
	@touch $@

# DIR: the data directory.
DIR = ./var
run: build
	@[ -e "$(DIR)/convwire.conf" ] || build/bin/convwire init --dir "$(DIR)"
	@exec build/bin/convwire up --dir "$(DIR)" --take-free-ports

node-packages: test-packages
	@scripts/npm-ci.sh client tests
	@cd client && npm run --silent build

test-build: node-packages dashboard
	@cmake --preset release -DCW_TESTS=ON >/dev/null
	@cmake --build --preset release

# Most tests wait more than they compute: two per core.
CTEST = ctest --test-dir build --output-on-failure --parallel $$(($$(nproc) * 2))

# Under three minutes on two cores: unit tests, lint and the quick scenarios; no browser.
check: test-build
	@$(CTEST) -L 'unit|lint|quick' -LE 'long|sanitizer'

# Everything, including sanitizer builds, except long tests and those that repeat on this build what a sanitizer test does.
test: test-build
	@$(CTEST) -LE 'long|repeat'

# The exhaustive rest: every kill point, each fuzz target for a minute, and the repeated tests that `make test` skips.
test-long: test-build
	@$(CTEST) -L 'long|repeat'

# Half an hour of everything that can go wrong; needs root. Options: CHAOS_SECONDS, CHAOS_SEED.
chaos:
	@[ "$$(id -u)" = 0 ] || { echo "make chaos needs root, for network namespaces and a disk that can be full: sudo make chaos" >&2; exit 1; }
	@$(MAKE) --no-print-directory test-build
	@CONVWIRE_BUILD=$(CURDIR)/build node tests/chaos/chaos.mjs

# Which lines the unit tests and scenarios cover: a table, and build-coverage/report/index.html.
coverage: test-build
	@tests/coverage.sh

# build-package/convwire_VERSION_ARCH.deb: programs, plugin, dashboard, systemd units, man pages.
package: packages dashboard
	@scripts/install-packages.sh package
	@cmake --preset package >/dev/null
	@cmake --build --preset package
	@cd build-package && cpack -G DEB >/dev/null && ls *.deb

# Measures the tables of docs/benchmarks.md in two hours; tables and plots go to build/figures.
# Only some of them: make bench NAMES="rooms idle".
bench: bench-build
	@bench/run.sh $(NAMES)

bench-build: test-build
	@scripts/install-packages.sh bench
	@scripts/npm-ci.sh bench

clean:
	@rm -rf build build-dev build-clang build-asan build-tsan build-fuzz build-package build-coverage
