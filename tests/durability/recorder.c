/* LD_PRELOAD: records what a process does to the files below $RECORD_FOLDER, in order, into $RECORD_FILE.
 *
 * A record: one byte of kind ('w' write, 't' truncate, 's' sync, 'u' unlink), the length of the file's name and the name, the
 * offset (8 bytes), the length of the data (8 bytes), the data. Integers are in the machine's order. The folder itself has the
 * empty name. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define MOST_FDS 4096
static char *names[MOST_FDS];
static int record = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(result, name, ...) static result (*real)(__VA_ARGS__); if (!real) real = dlsym(RTLD_NEXT, #name)

static void put(const void *data, size_t length) {
    REAL(ssize_t, write, int, const void *, size_t);
    while (length > 0) {
        ssize_t done = real(record, data, length);
        if (done <= 0) abort();
        data = (const char *)data + done;
        length -= done;
    }
}

static void note_of(char kind, const char *name, int64_t offset, const void *data, int64_t length) {
    uint8_t name_length = strlen(name);
    put(&kind, 1);
    put(&name_length, 1);
    put(name, name_length);
    put(&offset, 8);
    put(&length, 8);
    put(data, length);
}

static void note(char kind, int fd, int64_t offset, const void *data, int64_t length) {
    if (fd >= 0 && fd < MOST_FDS && names[fd]) note_of(kind, names[fd], offset, data, length);
}

/* The path below the folder: "" for the folder itself, NULL for what is elsewhere. */
static const char *below(const char *path) {
    const char *folder = getenv("RECORD_FOLDER");
    size_t length = folder ? strlen(folder) : 0;
    if (!folder || strncmp(path, folder, length) != 0) return NULL;
    return path[length] == '/' ? path + length + 1 : path[length] == 0 ? path + length : NULL;
}

static int opened(int fd, const char *path) {
    if (fd < 0 || fd >= MOST_FDS) return fd;
    const char *name = below(path);
    free(names[fd]);
    names[fd] = name ? strdup(name) : NULL;
    REAL(int, open, const char *, int, ...);
    if (name && record < 0) record = real(getenv("RECORD_FILE"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return fd;
}

static mode_t mode_of(int flags, va_list rest) { return flags & O_CREAT ? va_arg(rest, mode_t) : 0; }

#define OPEN(name)                                               \
    int name(const char *path, int flags, ...) {                 \
        REAL(int, name, const char *, int, ...);                 \
        va_list rest;                                            \
        va_start(rest, flags);                                   \
        mode_t mode = mode_of(flags, rest);                      \
        va_end(rest);                                            \
        return opened(real(path, flags, mode), path);            \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    REAL(int, close, int);
    if (fd >= 0 && fd < MOST_FDS) {
        free(names[fd]);
        names[fd] = NULL;
    }
    return real(fd);
}

#define RECORDED(call, ...)                      \
    pthread_mutex_lock(&lock);                   \
    __typeof__(call) result = (call);            \
    if (result >= 0) note(__VA_ARGS__);          \
    pthread_mutex_unlock(&lock);                 \
    return result

#define PWRITE(name, offset_type)                                                     \
    ssize_t name(int fd, const void *data, size_t length, offset_type offset) {       \
        REAL(ssize_t, name, int, const void *, size_t, offset_type);                  \
        RECORDED(real(fd, data, length, offset), 'w', fd, offset, data, result);      \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t length) {
    REAL(ssize_t, write, int, const void *, size_t);
    RECORDED(real(fd, data, length), 'w', fd, lseek(fd, 0, SEEK_CUR) - result, data, result);
}

#define TRUNCATE(name, size_type)                            \
    int name(int fd, size_type size) {                       \
        REAL(int, name, int, size_type);                     \
        RECORDED(real(fd, size), 't', fd, size, "", 0);      \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name)                                       \
    int name(int fd) {                                   \
        REAL(int, name, int);                            \
        RECORDED(real(fd), 's', fd, 0, "", 0);           \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    REAL(int, unlink, const char *);
    pthread_mutex_lock(&lock);
    int result = real(path);
    if (result == 0 && record >= 0 && below(path)) note_of('u', below(path), 0, "", 0);
    pthread_mutex_unlock(&lock);
    return result;
}
