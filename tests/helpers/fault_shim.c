/* Faults at the Nth call that changes something below one folder; preloaded by tests/made_up_job.py.

   A process arms itself.  From then on its calls below the folder are numbered, and the Nth one
     DIE   is not made: the process is killed instead;
     TEAR  is made, a write of its first half only, and the process is killed;
     FAIL  fails with "No space left on device", and so does, for
     FULL  every later one.
   FAIL and FULL pass by what needs no space: removing.  fsync is numbered but not made: a killed process
   loses nothing that it wrote, and disks are slow.  What happened is kept in memory that forks share. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum mode { COUNT, DIE, TEAR, FAIL, FULL };
enum action { PASS, PASS_THEN_DIE, REFUSE };

#define LOGGED 8192
#define NAME 160

struct state {
    pid_t pid; /* of the armed process */
    enum mode mode;
    long at, count;
    int fired;
    char folder[PATH_MAX];
    char log[LOGGED][NAME]; /* "call path", the path below the folder */
};

static struct state *state;

__attribute__((constructor)) static void begin(void)
{
    void *page = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    state = page == MAP_FAILED ? NULL : page;
}

void fault_arm(const char *folder, int mode, long at)
{
    state->mode = mode;
    state->at = at;
    state->count = 0;
    state->fired = 0;
    snprintf(state->folder, sizeof state->folder, "%s", folder);
    state->pid = getpid();
}

int fault_fired(void) { return state->fired; }

long fault_count(void) { return state->count; }

const char *fault_call(long number) { return number < LOGGED ? state->log[number] : ""; }

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static enum action act(const char *call, const char *path, int needs_space)
{
    if (state == NULL || state->pid != getpid())
        return PASS;
    size_t length = strlen(state->folder);
    int refusing = state->mode == FAIL || state->mode == FULL;
    if (strncmp(path, state->folder, length) != 0 || (refusing && !needs_space))
        return PASS;
    if (state->count < LOGGED)
        snprintf(state->log[state->count], NAME, "%s %s", call, path + length);
    state->count++;
    if (state->mode == COUNT || state->count < state->at || (state->count > state->at && state->mode != FULL))
        return PASS;
    state->fired = 1;
    if (state->mode == DIE)
        die();
    return state->mode == TEAR ? PASS_THEN_DIE : REFUSE;
}

static const char *path_of(int descriptor, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return path;
}

static const char *path_at(int folder, const char *name, char *path)
{
    if (name[0] == '/' || folder == AT_FDCWD)
        return name;
    path_of(folder, path);
    size_t length = strlen(path);
    snprintf(path + length, PATH_MAX - length, "/%s", name);
    return path;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Make the call as the fault has it. */
#define CALL(act_, real)                  \
    do {                                  \
        enum action action = (act_);      \
        if (action == REFUSE) {           \
            errno = ENOSPC;               \
            return -1;                    \
        }                                 \
        __typeof__(real) result = (real); \
        if (action == PASS_THEN_DIE)      \
            die();                        \
        return result;                    \
    } while (0)

#define HALF(size) (action == PASS_THEN_DIE ? (size) / 2 : (size))

ssize_t write(int fd, const void *data, size_t size)
{
    char path[PATH_MAX];
    CALL(act("write", path_of(fd, path), 1), REAL(write)(fd, data, HALF(size)));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    char path[PATH_MAX];
    CALL(act("write", path_of(fd, path), 1), REAL(pwrite)(fd, data, HALF(size), offset));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    char path[PATH_MAX];
    CALL(act("write", path_of(fd, path), 1), REAL(pwrite64)(fd, data, HALF(size), offset));
}

int ftruncate(int fd, off_t size)
{
    char path[PATH_MAX];
    CALL(act("ftruncate", path_of(fd, path), 1), REAL(ftruncate)(fd, size));
}

int ftruncate64(int fd, off64_t size)
{
    char path[PATH_MAX];
    CALL(act("ftruncate", path_of(fd, path), 1), REAL(ftruncate64)(fd, size));
}

int fsync(int fd)
{
    char path[PATH_MAX];
    CALL(act("fsync", path_of(fd, path), 1), 0);
}

int rename(const char *from, const char *to) { CALL(act("rename", to, 1), REAL(rename)(from, to)); }

int link(const char *from, const char *to) { CALL(act("link", to, 1), REAL(link)(from, to)); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    char path[PATH_MAX];
    CALL(act("link", path_at(to_folder, to, path), 1), REAL(linkat)(from_folder, from, to_folder, to, flags));
}

int mkdir(const char *path, mode_t mode)
{
    CALL(access(path, F_OK) == 0 ? PASS : act("mkdir", path, 1), REAL(mkdir)(path, mode));
}

int unlink(const char *path) { CALL(act("unlink", path, 0), REAL(unlink)(path)); }

int unlinkat(int folder, const char *name, int flags)
{
    char path[PATH_MAX];
    CALL(act("unlink", path_at(folder, name, path), 0), REAL(unlinkat)(folder, name, flags));
}

int rmdir(const char *path) { CALL(act("rmdir", path, 0), REAL(rmdir)(path)); }

/* An opening counts where it may create or empty a file. */
#define OPEN(name, where, call)                                                 \
    mode_t mode = 0;                                                            \
    char path[PATH_MAX];                                                        \
    if (flags & (O_CREAT | O_TMPFILE)) {                                        \
        va_list rest;                                                           \
        va_start(rest, flags);                                                  \
        mode = va_arg(rest, mode_t);                                            \
        va_end(rest);                                                           \
    }                                                                           \
    (void)path;                                                                 \
    CALL(flags & (O_CREAT | O_TRUNC) ? act("open", where, 1) : PASS, REAL(name) call)

int open(const char *file, int flags, ...) { OPEN(open, file, (file, flags, mode)); }

int open64(const char *file, int flags, ...) { OPEN(open64, file, (file, flags, mode)); }

int openat(int folder, const char *file, int flags, ...)
{
    OPEN(openat, path_at(folder, file, path), (folder, file, flags, mode));
}

int openat64(int folder, const char *file, int flags, ...)
{
    OPEN(openat64, path_at(folder, file, path), (folder, file, flags, mode));
}
