/* A disk that goes wrong on demand, for tests: preloaded into a server, it makes file calls fail, come short, wait or take
 * long, and notes what is durable, so that a loss of power can be played after a kill -9 (power_loss.ts).
 *
 * Faults are about the files whose path contains a text, and the directories that are synced. The file that FAULTY_FILES
 * names says which, and the test changes it while the server runs (fault_disk.ts). Its words of 32 bits:
 *   0 the call that fails (the enum below)       1 its error number
 *   2 the number of the call, from 1, from which on it fails       3 calls of the kind since
 *   4 while 1, renames of background saves wait       6 how many wait now
 *   5 becomes 1 when the library is loaded
 *   7 microseconds that every sync of a file takes more
 *   8 how many calls fail (0: all)       9 not 0: the first one that fails is a write that takes half of its bytes
 *   10 while not 0, syncs of files wait from that one on (1: the next)       11 how many wait now
 *   12 not 0: word 13 is the space left on the disk, bytes
 * and from byte 256 on the text, ended by 0.
 *
 * POWER_LOSS_DIRECTORY names the directory that is watched, POWER_LOSS_NOTES one beside it, on the same file system, for the
 * notes: file `journal` with a line each for (paths absolute; ends of files in bytes, taken before the sync began)
 *   sync INODE END | fail INODE END | cut INODE END | write INODE START END (behind a failed sync only)
 *   syncdir PATH | create PATH | remove PATH \t KEPT | rename FROM \t TO \t KEPT
 * KEPT is a second name of what a removal or renaming took away, so that it can be undone; `-`: nothing was there.
 *
 * build: cc -shared -fPIC -O2 -o faulty_files.so faulty_files.c -ldl */
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
#include <time.h>
#include <unistd.h>

enum { NONE, WRITE, SYNC, RENAME, SYNC_DIRECTORY, CREATE, CUT, REMOVE };
enum { CALL, ERROR, FROM, MADE, HOLD_RENAMES, LOADED, RENAMES_WAIT, SYNC_MICROSECONDS, TIMES, SHORT, HOLD_SYNCS,
       SYNCS_WAIT, LIMITED, SPACE };
enum { PATH_BYTES = 4096, LINE_BYTES = 3 * PATH_BYTES + 64, CONTROL_BYTES = 4096, TEXT_AT = 256 };

static atomic_uint *words;
static const char *text = "";
static const char *watched;
static const char *notes;
static size_t watched_length;
static int journal = -1;
static atomic_uint kept;
static atomic_int sync_has_failed;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("FAULTY_FILES");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        void *map = mmap(NULL, CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (map != MAP_FAILED) {
            words = map;
            text = (const char *)map + TEXT_AT;
            atomic_store(&words[LOADED], 1);
        }
    }
    const char *directory = getenv("POWER_LOSS_DIRECTORY"), *beside = getenv("POWER_LOSS_NOTES");
    if (directory == NULL || beside == NULL) return;
    // Programs that change their title write over the environment.
    directory = strdup(directory);
    notes = strdup(beside);
    char name[PATH_BYTES];
    snprintf(name, sizeof name, "%s/journal", notes);
    journal = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    atomic_store(&kept, (unsigned)getpid() * 1000);
    watched_length = strlen(directory);
    watched = directory;
}

static void note(const char *format, ...) {
    char line[LINE_BYTES];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    int saved = errno;
    REAL(write);
    if (length > 0 && length < (int)sizeof line && real(journal, line, (size_t)length) != length) abort();
    errno = saved;
}

static int is_watched(const char *path) {
    return watched != NULL && strncmp(path, watched, watched_length) == 0 && path[watched_length] == '/';
}

/* The path as an absolute one; 0: it is not below the watched directory. */
static int watched_path(const char *path, char *absolute) {
    if (watched == NULL || path == NULL) return 0;
    if (path[0] == '/') {
        snprintf(absolute, PATH_BYTES, "%s", path);
    } else {
        char directory[PATH_BYTES / 2];
        if (getcwd(directory, sizeof directory) == NULL) return 0;
        snprintf(absolute, PATH_BYTES, "%s/%.*s", directory, PATH_BYTES / 2 - 2, path);
    }
    return is_watched(absolute);
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_BYTES - 1);
    if (length <= 0 || path[0] != '/') return 0;
    path[length] = 0;
    return 1;
}

static int is_meant(const char *path) { return path != NULL && strstr(path, text) != NULL; }

static int is_meant_fd(int fd) {
    char path[PATH_BYTES];
    return path_of(fd, path) && is_meant(path);
}

static int is_armed(unsigned call) { return words != NULL && atomic_load(&words[CALL]) == call; }

/* Counts a call that the fault is about. 0: it goes on; else its number among those that fail. */
static unsigned faulted(unsigned call) {
    if (!is_armed(call)) return 0;
    unsigned made = atomic_fetch_add(&words[MADE], 1) + 1, from = atomic_load(&words[FROM]);
    unsigned times = atomic_load(&words[TIMES]);
    if (made < from || (times != 0 && made >= from + times)) return 0;
    errno = (int)atomic_load(&words[ERROR]);
    return made - from + 1;
}

/* Takes bytes off the space that is left; as many as there are. */
static size_t space_for(size_t count) {
    unsigned left = atomic_load(&words[SPACE]), taken;
    do {
        taken = count < left ? (unsigned)count : left;
    } while (!atomic_compare_exchange_weak(&words[SPACE], &left, left - taken));
    return taken;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write);
    if (words != NULL && atomic_load(&words[LIMITED]) != 0 && count > 0 && is_meant_fd(fd)) {
        count = space_for(count);
        if (count == 0) {
            errno = ENOSPC;
            return -1;
        }
    }
    if (is_armed(WRITE) && is_meant_fd(fd)) {
        unsigned failing = faulted(WRITE);
        int comes_short = failing == 1 && atomic_load(&words[SHORT]) != 0 && count > 1;
        if (failing != 0 && !comes_short) return -1;
        if (comes_short) count /= 2;
    }
    ssize_t written = real(fd, bytes, count);
    char path[PATH_BYTES];
    struct stat status;
    if (written > 0 && atomic_load(&sync_has_failed) && path_of(fd, path) && is_watched(path) &&
        fstat(fd, &status) == 0) {
        off_t end = lseek(fd, 0, SEEK_CUR);
        note("write %lu %ld %ld\n", (unsigned long)status.st_ino, (long)(end - written), (long)end);
    }
    return written;
}

static void wait_while(int hold, int waiting) {
    if (words == NULL) return;
    unsigned turn = atomic_load(&words[hold]);
    while (turn > 1) {
        if (atomic_compare_exchange_weak(&words[hold], &turn, turn - 1)) return;
    }
    if (turn == 0) return;
    atomic_fetch_add(&words[waiting], 1);
    while (atomic_load(&words[hold]) != 0) usleep(200);
    atomic_fetch_sub(&words[waiting], 1);
}

static void take_long(void) {
    unsigned microseconds = words == NULL ? 0 : atomic_load(&words[SYNC_MICROSECONDS]);
    if (microseconds == 0) return;
    struct timespec left = { microseconds / 1000000, (long)(microseconds % 1000000) * 1000 };
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

static int sync_fd(int (*real)(int), int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0) return real(fd);
    char path[PATH_BYTES];
    int is_directory = S_ISDIR(status.st_mode);
    int is_noted = watched != NULL && path_of(fd, path) &&
                   (is_watched(path) || (is_directory && strcmp(path, watched) == 0));
    unsigned long inode = (unsigned long)status.st_ino;
    long end = (long)status.st_size;
    if (is_directory) {
        if (is_armed(SYNC_DIRECTORY) && faulted(SYNC_DIRECTORY)) return -1;
        int result = real(fd);
        if (result == 0 && is_noted) note("syncdir %s\n", path);
        return result;
    }
    take_long();
    if (is_meant_fd(fd)) {
        wait_while(HOLD_SYNCS, SYNCS_WAIT);
        if (is_armed(SYNC) && faulted(SYNC)) {
            if (is_noted) {
                atomic_store(&sync_has_failed, 1);
                note("fail %lu %ld\n", inode, end);
            }
            return -1;
        }
    }
    int result = real(fd);
    if (is_noted) note("%s %lu %ld\n", result == 0 ? "sync" : "fail", inode, end);
    return result;
}

int fsync(int fd) {
    REAL(fsync);
    return sync_fd(real, fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return sync_fd(real, fd);
}

static int cut_faulted(int fd) { return is_armed(CUT) && is_meant_fd(fd) && faulted(CUT); }

static void note_cut(int fd, long end) {
    char path[PATH_BYTES];
    struct stat status;
    if (watched != NULL && path_of(fd, path) && is_watched(path) && fstat(fd, &status) == 0) {
        note("cut %lu %ld\n", (unsigned long)status.st_ino, end);
    }
}

int ftruncate(int fd, off_t end) {
    REAL(ftruncate);
    if (cut_faulted(fd)) return -1;
    int result = real(fd, end);
    if (result == 0) note_cut(fd, (long)end);
    return result;
}

int ftruncate64(int fd, off64_t end) {
    REAL(ftruncate64);
    if (cut_faulted(fd)) return -1;
    int result = real(fd, end);
    if (result == 0) note_cut(fd, (long)end);
    return result;
}

/* Gives what is at the path a second name; `-` where there is nothing. */
static void keep(const char *path, char *name) {
    snprintf(name, PATH_BYTES, "%s/kept-%u", notes, atomic_fetch_add(&kept, 1));
    int saved = errno;
    if (link(path, name) != 0) snprintf(name, PATH_BYTES, "-");
    errno = saved;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    if (words != NULL && is_meant(from)) {
        if (is_armed(RENAME) && faulted(RENAME)) return -1;
        if (strstr(from, "temp-forkless-") != NULL) wait_while(HOLD_RENAMES, RENAMES_WAIT);
    }
    char source[PATH_BYTES], target[PATH_BYTES], name[PATH_BYTES];
    int is_noted = watched_path(from, source) && watched_path(to, target);
    if (is_noted) keep(target, name);
    int result = real(from, to);
    if (result == 0 && is_noted) note("rename %s\t%s\t%s\n", source, target, name);
    return result;
}

int unlink(const char *path) {
    REAL(unlink);
    if (is_armed(REMOVE) && is_meant(path) && faulted(REMOVE)) return -1;
    char absolute[PATH_BYTES], name[PATH_BYTES];
    int is_noted = watched_path(path, absolute);
    if (is_noted) keep(absolute, name);
    int result = real(path);
    if (result == 0 && is_noted) note("remove %s\t%s\n", absolute, name);
    return result;
}

struct opening {
    char path[PATH_BYTES];
    int is_noted;
    int was_there;
};

/* Before a file is opened; not 0: that fails. */
static int opens(struct opening *opening, const char *path, int is_made, int is_cut) {
    if (is_made && is_armed(CREATE) && is_meant(path) && faulted(CREATE)) return 1;
    opening->is_noted = (is_made || is_cut) && watched_path(path, opening->path);
    opening->was_there = opening->is_noted && access(opening->path, F_OK) == 0;
    return 0;
}

static void opened(const struct opening *opening, int fd, int is_cut) {
    if (fd < 0 || !opening->is_noted) return;
    if (!opening->was_there) note("create %s\n", opening->path);
    else if (is_cut) note_cut(fd, 0);
}

#define OPEN(name, parameters, path, flags, ...) \
    int name parameters { \
        REAL(name); \
        va_list list; \
        va_start(list, flags); \
        mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0; \
        va_end(list); \
        struct opening opening; \
        if (opens(&opening, path, (flags & O_CREAT) != 0, (flags & O_TRUNC) != 0)) return -1; \
        int fd = real(__VA_ARGS__, mode); \
        opened(&opening, fd, (flags & O_TRUNC) != 0); \
        return fd; \
    }

OPEN(open, (const char *path, int flags, ...), path, flags, path, flags)
OPEN(open64, (const char *path, int flags, ...), path, flags, path, flags)
OPEN(openat, (int directory, const char *path, int flags, ...), path, flags, directory, path, flags)
OPEN(openat64, (int directory, const char *path, int flags, ...), path, flags, directory, path, flags)

#define FOPEN(name) \
    FILE *name(const char *path, const char *mode) { \
        REAL(name); \
        struct opening opening; \
        int is_cut = mode[0] == 'w'; \
        if (opens(&opening, path, mode[0] != 'r', is_cut)) return NULL; \
        FILE *file = real(path, mode); \
        opened(&opening, file == NULL ? -1 : fileno(file), is_cut); \
        return file; \
    }

FOPEN(fopen)
FOPEN(fopen64)
