/* The truth about a server's latency at a fixed rate, as far as a program can see it: an open loop over several connections, with
   nothing in it but the calls. Latency is from just before the write to just after the read that brought the end of the stream.

   probe HOST PORT PATH MESSAGE_IN_HEX RATE SECONDS CONNECTIONS   prints one JSON object, times in microseconds. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "http2_frames.h"

enum { CONNECTIONS = 64, BACKLOG_MS = 2000 };

struct connection {
    struct buffer in;
    int fd;
    uint32_t next_stream;
    int64_t *sent_ns; /* by (stream - 1) / 2 */
};

static struct connection connections[CONNECTIONS];
static uint8_t request_headers[512], message[512];
static uint32_t headers_size, message_size;
static int64_t *latencies_ns, *lateness_ns;
static long answered, failed, planned;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void write_all(int fd, const uint8_t *bytes, size_t size) {
    /* Some hundred bytes into an idle socket: a short write would mean that the measurement is void. */
    if (send(fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size) die("probe: short write");
}

static void open_connection(int poll, struct connection *c, const struct sockaddr_in *address) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(c->fd, (const struct sockaddr *)address, sizeof *address)) die("probe: cannot connect");
    int yes = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->in.bytes = malloc(IN_SIZE);
    c->sent_ns = calloc((size_t)planned + 1, sizeof *c->sent_ns);
    c->next_stream = 1;
    uint8_t hello[128], *at = (uint8_t *)stpcpy((char *)hello, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    at = put_frame(at, SETTINGS, 0, 0, "", 0);
    at = put_window_update(at, 1 << 30);
    write_all(c->fd, hello, (size_t)(at - hello));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
}

static void call(struct connection *c) {
    uint8_t bytes[1200], *at = put_frame(bytes, HEADERS, END_HEADERS, c->next_stream, request_headers, headers_size);
    at = put_frame(at, DATA, END_STREAM, c->next_stream, message, message_size);
    c->sent_ns[c->next_stream / 2] = now_ns();
    c->next_stream += 2;
    write_all(c->fd, bytes, (size_t)(at - bytes));
}

static void on_frame(struct connection *c, const uint8_t *frame, int64_t arrived_ns) {
    int type = frame[3], flags = frame[4];
    uint32_t stream = u32(frame + 5) & 0x7fffffff;
    uint8_t reply[64];
    if ((type == HEADERS || type == DATA) && flags & END_STREAM) {
        latencies_ns[answered++] = arrived_ns - c->sent_ns[stream / 2];
    } else if (type == RST_STREAM || type == GOAWAY) {
        failed++;
    } else if ((type == SETTINGS || type == PING) && !(flags & ACK)) {
        uint32_t size = type == PING ? 8 : 0;
        write_all(c->fd, reply, (size_t)(put_frame(reply, type, ACK, 0, frame + FRAME_HEAD, size) - reply));
    }
}

static void on_readable(struct connection *c) {
    struct buffer *in = &c->in;
    ssize_t got = recv(c->fd, in->bytes + in->end, IN_SIZE - in->end, MSG_DONTWAIT);
    int64_t arrived_ns = now_ns();
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) die("probe: the server hung up");
    in->end += (size_t)got;
    while (in->end - in->begin >= FRAME_HEAD) {
        uint32_t size = u32(in->bytes + in->begin) >> 8;
        if (in->end - in->begin < FRAME_HEAD + size) break;
        on_frame(c, in->bytes + in->begin, arrived_ns);
        in->begin += FRAME_HEAD + size;
    }
    memmove(in->bytes, in->bytes + in->begin, in->end - in->begin);
    in->end -= in->begin;
    in->begin = 0;
}

static int ascending(const void *left, const void *right) {
    int64_t difference = *(const int64_t *)left - *(const int64_t *)right;
    return (difference > 0) - (difference < 0);
}

/* The nearest rank, in microseconds. */
static double percentile(const int64_t *sorted, long count, double percent) {
    long rank = (long)(percent / 100 * (double)count + 0.9999999);
    return count ? (double)sorted[(rank ? rank : 1) - 1] / 1e3 : 0;
}

static void run(int poll, double rate, int connection_count) {
    int alarm = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[CONNECTIONS + 1];
    epoll_ctl(poll, EPOLL_CTL_ADD, alarm, &event);
    int64_t begin_ns = now_ns() + 50000000, end_ns = begin_ns + (int64_t)((double)planned / rate * 1e9);
    long started = 0;
    while (answered + failed < planned && now_ns() < end_ns + (int64_t)BACKLOG_MS * 1000000) {
        int64_t due_ns = begin_ns + (int64_t)((double)started / rate * 1e9);
        while (started < planned && due_ns <= now_ns()) {
            lateness_ns[started] = now_ns() - due_ns;
            call(&connections[started++ % connection_count]);
            due_ns = begin_ns + (int64_t)((double)started / rate * 1e9);
        }
        struct itimerspec at = {.it_value = {due_ns / 1000000000, due_ns % 1000000000}};
        timerfd_settime(alarm, TFD_TIMER_ABSTIME, &at, NULL);
        int ready = epoll_wait(poll, events, CONNECTIONS + 1, 1000);
        for (int each = 0; each < ready; each++) {
            uint64_t rings;
            if (events[each].data.ptr) {
                on_readable(events[each].data.ptr);
            } else if (read(alarm, &rings, sizeof rings) < 0 && errno != EAGAIN) {
                die("probe: timerfd");
            }
        }
    }
}

int main(int count, char **words) {
    if (count != 8) {
        fprintf(stderr, "usage: probe HOST PORT PATH MESSAGE_IN_HEX RATE SECONDS CONNECTIONS\n");
        return 2;
    }
    double rate = atof(words[5]);
    int connection_count = atoi(words[7]);
    planned = (long)(rate * atof(words[6]));
    size_t size = strlen(words[4]) / 2;
    if (planned < 1 || connection_count < 1 || connection_count > CONNECTIONS || size > 256 || strlen(words[3]) > 120) {
        fprintf(stderr, "probe: at least one call, 1 to %d connections, at most 256 bytes of message\n", CONNECTIONS);
        return 2;
    }
    latencies_ns = calloc((size_t)planned, sizeof *latencies_ns);
    lateness_ns = calloc((size_t)planned, sizeof *lateness_ns);

    request_headers[0] = 0x83; /* :method POST */
    request_headers[1] = 0x86; /* :scheme http */
    uint8_t *at = put_field(request_headers + 2, 4, "", words[3]);
    at = put_field(at, 1, "", words[1]);
    at = put_field(at, 31, "", "application/grpc");
    headers_size = (uint32_t)(put_field(at, 0, "te", "trailers") - request_headers);
    put_u32(message + 1, (uint32_t)size);
    for (size_t each = 0; each < size; each++) sscanf(words[4] + 2 * each, "%2hhx", &message[5 + each]);
    message_size = (uint32_t)size + 5;

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[2]))};
    inet_pton(AF_INET, words[1], &address.sin_addr);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    for (int each = 0; each < connection_count; each++) open_connection(poll, &connections[each], &address);
    run(poll, rate, connection_count);

    qsort(latencies_ns, (size_t)answered, sizeof *latencies_ns, ascending);
    qsort(lateness_ns, (size_t)planned, sizeof *lateness_ns, ascending);
    printf("{\"planned\": %ld, \"answered\": %ld, \"p50_us\": %.1f, \"p99_us\": %.1f, \"late_p99_us\": %.1f}\n", planned,
           answered, percentile(latencies_ns, answered, 50), percentile(latencies_ns, answered, 99),
           percentile(lateness_ns, planned, 99));
    return answered == planned ? 0 : 1;
}
