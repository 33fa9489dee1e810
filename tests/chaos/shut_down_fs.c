/* SPDX-License-Identifier: MIT */
/*
 * Simulates a power cut for a mounted ext4 and a process: data not flushed to the device is lost, and the process is
 * stopped. Stopping it is part of the cut: the kernel lets an fdatasync that is running during the ioctl return 0
 * although its blocks are lost (seen on Linux 6.18: 3 of 60 cuts); a machine without power could not report that.
 * shut_down_fs MOUNTPOINT PID
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* From Linux's fs/ext4/ext4.h; not in its public headers. */
#define EXT4_IOC_SHUTDOWN _IOR('X', 125, uint32_t)
#define EXT4_GOING_FLAGS_NOLOGFLUSH 2

int main(int argc, char **argv)
{
	uint32_t flags = EXT4_GOING_FLAGS_NOLOGFLUSH;
	int fd = argc == 3 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0 || kill((pid_t)atol(argv[2]), SIGSTOP) != 0 || ioctl(fd, EXT4_IOC_SHUTDOWN, &flags) != 0) {
		perror(argc == 3 ? argv[1] : "shut_down_fs MOUNTPOINT PID");
		return 1;
	}
	(void)close(fd); /* the file system is gone anyway */
	return 0;
}
