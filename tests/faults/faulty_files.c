/* A disk that goes wrong on demand, for tests: preloaded into the server, it makes the file calls of saves fail or
 * wait. What it does stands in a small file that the test changes while the server runs (fault_disk.ts):
 * words of 32 bits: 0 the call that is faulted, 1 the error number, 2 the number of the call (from 1) from which on it
 * fails, 3 how many were made since, 4 while not 0 renames of background saves wait, 5 becomes 1 when the library is loaded, 6 renames
 * that wait now. Only temporary dumps are touched (names with "temp-"), and directories that are synced.
 * build: cc -shared -fPIC -O2 -o faulty_files.so faulty_files.c -ldl
 * use:   FAULTY_FILES=/path/of/words LD_PRELOAD=./faulty_files.so server */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NONE, WRITE, SYNC, RENAME, SYNC_DIRECTORY, CREATE };

static atomic_uint *words;

__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("FAULTY_FILES");
    int fd = path == NULL ? -1 : open(path, O_RDWR);
    if (fd < 0) return;
    void *map = mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED) return;
    words = map;
    atomic_store(&words[5], 1);
}

/* Counts a call that the fault is about; not 0: it must fail. */
static int faulted(unsigned call) {
    if (words == NULL || atomic_load(&words[0]) != call) return 0;
    unsigned made = atomic_fetch_add(&words[3], 1) + 1;
    if (made < atomic_load(&words[2])) return 0;
    errno = (int)atomic_load(&words[1]);
    return 1;
}

static int is_temp(const char *path) { return path != NULL && strstr(path, "temp-") != NULL; }

static int is_temp_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_temp(path);
}

static int is_armed(unsigned call) { return words != NULL && atomic_load(&words[0]) == call; }

ssize_t write(int fd, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL) real = dlsym(RTLD_NEXT, "write");
    if (is_armed(WRITE) && is_temp_fd(fd) && faulted(WRITE)) return -1;
    return real(fd, bytes, count);
}

static int sync_fd(const char *name, int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, name);
    if (is_armed(SYNC) && is_temp_fd(fd) && faulted(SYNC)) return -1;
    struct stat status;
    if (is_armed(SYNC_DIRECTORY) && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) && faulted(SYNC_DIRECTORY)) {
        return -1;
    }
    return real(fd);
}

int fsync(int fd) { return sync_fd("fsync", fd); }
int fdatasync(int fd) { return sync_fd("fdatasync", fd); }

int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    if (words != NULL && is_temp(from)) {
        if (is_armed(RENAME) && faulted(RENAME)) return -1;
        if (strstr(from, "temp-forkless-") != NULL && atomic_load(&words[4]) != 0) {
            atomic_fetch_add(&words[6], 1);
            while (atomic_load(&words[4]) != 0) usleep(1000);
            atomic_fetch_sub(&words[6], 1);
        }
    }
    return real(from, to);
}

static int open_faulted(const char *path, int flags) {
    return (flags & O_CREAT) != 0 && is_armed(CREATE) && is_temp(path) && faulted(CREATE);
}

int open(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (real == NULL) real = dlsym(RTLD_NEXT, "open");
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    return open_faulted(path, flags) ? -1 : real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (real == NULL) real = dlsym(RTLD_NEXT, "open64");
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    return open_faulted(path, flags) ? -1 : real(path, flags, mode);
}
