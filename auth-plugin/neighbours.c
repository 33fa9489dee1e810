/* SPDX-License-Identifier: MIT */
#include "auth-plugin/neighbours.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

/* An address inside our own library. */
static const char here;

struct search {
	char *out;
	size_t size;
};

/* Compares by address, because a handle's symbols may come from one of its dependencies. */
static bool is_from(const void *symbol, const char *file)
{
	Dl_info info;

	return symbol && dladdr(symbol, &info) != 0 && info.dli_fname && strcmp(info.dli_fname, file) == 0;
}

static bool is_plugin(const char *file)
{
	static const char *const entries[] = { "mosquitto_plugin_init", "mosquitto_auth_plugin_init" };
	void *handle = dlopen(file, RTLD_LAZY | RTLD_NOLOAD);
	bool is_one = false;

	for (size_t i = 0; handle && i < sizeof(entries) / sizeof(entries[0]); i++) {
		is_one = is_one || is_from(dlsym(handle, entries[i]), file);
	}
	if (handle) {
		(void)dlclose(handle); /* drops the reference taken by RTLD_NOLOAD */
	}
	return is_one;
}

static int look_at(struct dl_phdr_info *info, size_t info_size, void *context)
{
	struct search *search = context;

	(void)info_size;
	if (!info->dlpi_name || info->dlpi_name[0] == '\0' || is_from(&here, info->dlpi_name) ||
	    !is_plugin(info->dlpi_name)) {
		return 0;
	}
	(void)snprintf(search->out, search->size, "%s", info->dlpi_name); /* a truncated name is still useful */
	return 1;
}

bool neighbours_find_earlier(char *out, size_t size)
{
	struct search search = { out, size };

	return dl_iterate_phdr(look_at, &search) != 0;
}
