/* A gRPC server that costs next to nothing: every request of any method is answered with the same message and grpc-status 0 in
   the trailers. It is what a load generator's own limit is measured against.

   sink HOST PORT   prints "serving on PORT" and serves until it is killed; PORT 0 takes a free one. One thread, plaintext. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http2_frames.h"

enum { PREFACE = 24, CONNECTIONS = 1024, WAITING = 1 << 16 };

struct connection {
    struct buffer in, out;
    int64_t window;      /* bytes of DATA that the peer lets us send on the connection */
    uint32_t unreported; /* bytes of DATA that came and were not given back as window */
    uint32_t *waiting;   /* streams to be answered once there is window: a ring */
    uint32_t first, count;
    int greeted;
};

static struct connection connections[CONNECTIONS];
static uint8_t answer_headers[64], answer_trailers[64];
static uint32_t headers_size, trailers_size;
/* A gRPC message: not compressed, of 18 bytes: GreetResponse{greeting: "Hello Bittrance!"}. */
static const uint8_t MESSAGE[] = "\0\0\0\0\x12\x0a\x10Hello Bittrance!";
enum { MESSAGE_SIZE = sizeof MESSAGE - 1, ANSWER_AT_MOST = 256 };

static void flush(int fd, struct connection *c) {
    while (c->out.begin < c->out.end) {
        ssize_t sent = send(fd, c->out.bytes + c->out.begin, c->out.end - c->out.begin, MSG_NOSIGNAL);
        if (sent < 0) break;
        c->out.begin += (size_t)sent;
    }
    if (c->out.begin == c->out.end) c->out.begin = c->out.end = 0;
}

/* Answers what waits, as far as window and buffer go. */
static void answer(struct connection *c) {
    while (c->count && c->window >= MESSAGE_SIZE && c->out.end + ANSWER_AT_MOST < OUT_SIZE) {
        uint32_t stream = c->waiting[c->first];
        c->first = (c->first + 1) % WAITING;
        c->count--;
        uint8_t *at = c->out.bytes + c->out.end;
        at = put_frame(at, HEADERS, END_HEADERS, stream, answer_headers, headers_size);
        at = put_frame(at, DATA, 0, stream, MESSAGE, MESSAGE_SIZE);
        at = put_frame(at, HEADERS, END_HEADERS | END_STREAM, stream, answer_trailers, trailers_size);
        c->out.end = (size_t)(at - c->out.bytes);
        c->window -= MESSAGE_SIZE;
    }
}

static void on_frame(struct connection *c, const uint8_t *frame, uint32_t size) {
    int type = frame[3], flags = frame[4];
    uint32_t stream = u32(frame + 5) & 0x7fffffff;
    uint8_t *at = c->out.bytes + c->out.end;
    if (type == DATA) {
        c->unreported += size;
        if (c->unreported > 1 << 20) {
            at = put_window_update(at, c->unreported);
            c->unreported = 0;
        }
    } else if (type == SETTINGS && !(flags & ACK)) {
        at = put_frame(at, SETTINGS, ACK, 0, "", 0);
    } else if (type == PING && !(flags & ACK)) {
        at = put_frame(at, PING, ACK, 0, frame + FRAME_HEAD, 8);
    } else if (type == WINDOW_UPDATE && stream == 0) {
        c->window += u32(frame + FRAME_HEAD) & 0x7fffffff;
    }
    c->out.end = (size_t)(at - c->out.bytes);
    if ((type == DATA || type == HEADERS) && flags & END_STREAM && c->count < WAITING) {
        c->waiting[(c->first + c->count++) % WAITING] = stream;
    }
}

/* Takes whole frames out of what has come. */
static void on_bytes(struct connection *c) {
    struct buffer *in = &c->in;
    if (!c->greeted) {
        if (in->end < PREFACE) return;
        in->begin = PREFACE;
        c->greeted = 1;
    }
    while (in->end - in->begin >= FRAME_HEAD && c->out.end + ANSWER_AT_MOST < OUT_SIZE) {
        const uint8_t *frame = in->bytes + in->begin;
        uint32_t size = u32(frame) >> 8;
        if (in->end - in->begin < FRAME_HEAD + size) break;
        on_frame(c, frame, size);
        answer(c);
        in->begin += FRAME_HEAD + size;
    }
    memmove(in->bytes, in->bytes + in->begin, in->end - in->begin);
    in->end -= in->begin;
    in->begin = 0;
}

static void hang_up(int fd, struct connection *c) {
    free(c->in.bytes);
    free(c->out.bytes);
    free(c->waiting);
    memset(c, 0, sizeof *c);
    close(fd);
}

static void serve(int fd) {
    struct connection *c = &connections[fd];
    ssize_t got = recv(fd, c->in.bytes + c->in.end, IN_SIZE - c->in.end, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        hang_up(fd, c);
        return;
    }
    c->in.end += got > 0 ? (size_t)got : 0;
    on_bytes(c);
    answer(c);
    flush(fd, c);
}

static void welcome(int poll, int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (fd >= CONNECTIONS) {
        close(fd);
        return;
    }
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct connection *c = &connections[fd];
    *c = (struct connection){.window = 65535};
    c->in.bytes = malloc(IN_SIZE);
    c->out.bytes = malloc(OUT_SIZE);
    c->waiting = malloc(WAITING * sizeof *c->waiting);
    if (!c->in.bytes || !c->out.bytes || !c->waiting) die("malloc");
    uint8_t *at = put_frame(c->out.bytes, SETTINGS, 0, 0, "", 0);
    c->out.end = (size_t)(put_window_update(at, 1 << 30) - c->out.bytes);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    flush(fd, c);
}

int main(int count, char **words) {
    if (count != 3) {
        fprintf(stderr, "usage: sink HOST PORT\n");
        return 2;
    }
    answer_headers[0] = 0x88; /* :status 200 */
    headers_size = (uint32_t)(put_field(answer_headers + 1, 31, "", "application/grpc") - answer_headers);
    trailers_size = (uint32_t)(put_field(answer_trailers, 0, "grpc-status", "0") - answer_trailers);

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[2]))};
    socklen_t size = sizeof address;
    inet_pton(AF_INET, words[1], &address.sin_addr);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 128)) die("sink: cannot listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    fprintf(stderr, "sink: serving on %s:%d\n", words[1], ntohs(address.sin_port));

    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[64];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poll, events, 64, -1);
        for (int each = 0; each < ready; each++) {
            if (events[each].data.fd == listener) {
                welcome(poll, listener);
            } else {
                serve(events[each].data.fd);
            }
        }
    }
}
