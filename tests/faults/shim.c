/* Stands between the program and the C library, and lets its N-th write to a folder fail.
 *
 * With WIDE also calls that name a file relative to an open folder, and deletions; with READS also
 * what opens a file or a folder for reading, or asks what it is.
 * Only calls that change something under the armed root are counted. Built by tests/faults/faulty.py
 * and loaded with LD_PRELOAD; arm() is called through ctypes in each child.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum mode { ONCE = 1, HALF = 2, KILL = 4, READS = 8, WIDE = 16 };

static char root[PATH_MAX];
static int at, code, mode, count;

void arm(const char *folder, int number, int error, int flags) {
    strncpy(root, folder, sizeof root - 1);
    at = number; code = error; mode = flags; count = 0;
}

int calls(void) { return count; }

/* What this thread does meanwhile is neither counted nor refused. */
static __thread int spared;

void spare(int yes) { spared = yes; }

static int under(const char *path) {
    size_t length = strlen(root);
    return length && path && strncmp(path, root, length) == 0;
}

static int opened_under(int fd) {
    char link[64], path[PATH_MAX];
    if (!root[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return under(path);
}

/* Whether this call is the one, or one after it, that fails. */
static int fires(void) {
    if (spared) return 0;
    count++;
    int hit = (mode & ONCE) ? count == at : at > 0 && count >= at;
    if (hit && (mode & KILL)) kill(getpid(), SIGKILL);
    return hit;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)
#define FAIL do { errno = code; return -1; } while (0)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    if (opened_under(fd) && fires()) {
        if (!(mode & HALF) || size < 2) FAIL;
        ssize_t done = real(fd, data, size / 2);
        mode &= ~HALF; /* what comes next finds the disk full */
        at = count + 1;
        return done;
    }
    return real(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    REAL(pwrite64);
    if (opened_under(fd) && fires()) FAIL;
    return real(fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int number) {
    REAL(writev);
    if (opened_under(fd) && fires()) FAIL;
    return real(fd, parts, number);
}

int ftruncate64(int fd, off64_t length) {
    REAL(ftruncate64);
    if (opened_under(fd) && fires()) FAIL;
    return real(fd, length);
}

int fsync(int fd) {
    REAL(fsync);
    if (opened_under(fd) && fires()) FAIL;
    return real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    if (opened_under(fd) && fires()) FAIL;
    return real(fd);
}

int rename(const char *old, const char *new) {
    REAL(rename);
    if (under(new) && fires()) FAIL;
    return real(old, new);
}

int mkdir(const char *path, mode_t rights) {
    REAL(mkdir);
    if (under(path) && fires()) FAIL;
    return real(path, rights);
}

int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list more;
    va_start(more, flags);
    mode_t rights = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;
    va_end(more);
    int counts = (flags & O_ACCMODE) != O_RDONLY || (mode & READS);
    if (counts && under(path) && fires()) FAIL;
    return real(path, flags, rights);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t rights = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open64(path, flags, rights);
}

static int named_under(int folder, const char *path) {
    return path && path[0] == '/' ? under(path) : opened_under(folder);
}

int openat64(int folder, const char *path, int flags, ...) {
    REAL(openat64);
    va_list more;
    va_start(more, flags);
    mode_t rights = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;
    va_end(more);
    int counts = (flags & O_ACCMODE) != O_RDONLY ? (mode & WIDE) : (mode & READS);
    if (counts && named_under(folder, path) && fires()) FAIL;
    return real(folder, path, flags, rights);
}

int openat(int folder, const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t rights = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return openat64(folder, path, flags, rights);
}

int mkdirat(int folder, const char *path, mode_t rights) {
    REAL(mkdirat);
    if ((mode & WIDE) && named_under(folder, path) && fires()) FAIL;
    return real(folder, path, rights);
}

int renameat(int from, const char *old, int to, const char *new) {
    REAL(renameat);
    if ((mode & WIDE) && named_under(to, new) && fires()) FAIL;
    return real(from, old, to, new);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    REAL(renameat2);
    if ((mode & WIDE) && named_under(to, new) && fires()) FAIL;
    return real(from, old, to, new, flags);
}

int unlink(const char *path) {
    REAL(unlink);
    if ((mode & WIDE) && under(path) && fires()) FAIL;
    return real(path);
}

int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    if ((mode & WIDE) && named_under(folder, path) && fires()) FAIL;
    return real(folder, path, flags);
}

int rmdir(const char *path) {
    REAL(rmdir);
    if ((mode & WIDE) && under(path) && fires()) FAIL;
    return real(path);
}

DIR *opendir(const char *path) {
    REAL(opendir);
    if ((mode & READS) && under(path) && fires()) { errno = code; return NULL; }
    return real(path);
}

int stat64(const char *path, struct stat64 *told) {
    REAL(stat64);
    if ((mode & READS) && under(path) && fires()) FAIL;
    return real(path, told);
}

int lstat64(const char *path, struct stat64 *told) {
    REAL(lstat64);
    if ((mode & READS) && under(path) && fires()) FAIL;
    return real(path, told);
}

int fstatat64(int folder, const char *path, struct stat64 *told, int flags) {
    REAL(fstatat64);
    if ((mode & READS) && named_under(folder, path) && fires()) FAIL;
    return real(folder, path, told, flags);
}
