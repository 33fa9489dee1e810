/* SPDX-License-Identifier: MIT */
/* Cuts a mounted ext4's power: what was not flushed to its device is gone. shut_down_fs MOUNTPOINT */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* fs/ext4/ext4.h of Linux: not in its public headers. */
#define EXT4_IOC_SHUTDOWN _IOR('X', 125, uint32_t)
#define EXT4_GOING_FLAGS_NOLOGFLUSH 2

int main(int argc, char **argv)
{
	uint32_t flags = EXT4_GOING_FLAGS_NOLOGFLUSH;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0 || ioctl(fd, EXT4_IOC_SHUTDOWN, &flags) != 0) {
		perror(argc == 2 ? argv[1] : "shut_down_fs MOUNTPOINT");
		return 1;
	}
	(void)close(fd); /* the file system is gone anyway */
	return 0;
}
