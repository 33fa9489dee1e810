/* SPDX-License-Identifier: MIT */
#include "http/holder.h"

#include <ctype.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"

#define TCP_LISTEN 0x0a

/* The inode of the socket that listens on port, from /proc/net/tcp or tcp6; 0 when there is none. */
static unsigned long listening_inode(const char *table, int port)
{
	FILE *file = fopen(table, "re");
	char line[512];
	unsigned long found = 0;

	while (file && !found && fgets(line, sizeof(line), file)) {
		unsigned int local_port = 0;
		unsigned int state = 0;
		unsigned long inode = 0;

		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %lu", &local_port,
			   &state, &inode) == 3 &&
		    state == TCP_LISTEN && (int)local_port == port) {
			found = inode;
		}
	}
	if (file) {
		(void)fclose(file); /* only read from */
	}
	return found;
}

static bool process_holds(const char *pid, const char *wanted)
{
	char folder[64];
	char path[384];
	char target[64];
	bool is_found = false;

	if (!cw_text_format(folder, sizeof(folder), "/proc/%s/fd", pid)) {
		return false;
	}
	DIR *descriptors = opendir(folder);

	for (struct dirent *entry; descriptors && !is_found && (entry = readdir(descriptors));) {
		if (!cw_text_format(path, sizeof(path), "%s/%s", folder, entry->d_name)) {
			continue;
		}
		ssize_t len = readlink(path, target, sizeof(target) - 1);

		if (len > 0) {
			target[len] = '\0';
			is_found = strcmp(target, wanted) == 0;
		}
	}
	if (descriptors) {
		(void)closedir(descriptors);
	}
	return is_found;
}

static void read_name(const char *pid, char *out, size_t size)
{
	char path[64];
	FILE *file = cw_text_format(path, sizeof(path), "/proc/%s/comm", pid) ? fopen(path, "re") : NULL;

	if (!file || !fgets(out, (int)size, file)) {
		(void)snprintf(out, size, "a process"); /* fits */
	}
	out[strcspn(out, "\n")] = '\0';
	if (file) {
		(void)fclose(file); /* only read from */
	}
}

bool holder_of_port(int port, char *out, size_t size)
{
	unsigned long inode = listening_inode("/proc/net/tcp", port);
	char wanted[64];
	bool is_found = false;

	if (!inode) {
		inode = listening_inode("/proc/net/tcp6", port);
	}
	if (!inode || !cw_text_format(wanted, sizeof(wanted), "socket:[%lu]", inode)) {
		return false;
	}
	DIR *processes = opendir("/proc");

	for (struct dirent *entry; processes && !is_found && (entry = readdir(processes));) {
		if (isdigit((unsigned char)entry->d_name[0]) && process_holds(entry->d_name, wanted)) {
			char name[32];

			read_name(entry->d_name, name, sizeof(name));
			is_found = cw_text_format(out, size, "%s (pid %s)", name, entry->d_name);
		}
	}
	if (processes) {
		(void)closedir(processes);
	}
	return is_found;
}
