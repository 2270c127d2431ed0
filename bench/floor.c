/* The floor: what a room's numbers cost when nothing is paid for but the kernel.

   One thread, one epoll, one send per phone and tick; no rules, no disk, no fairness. It takes
   "1", "2" and "3" on ws://127.0.0.1:PORT/message and tells everybody {"counts":{…}} at most every
   TICK milliseconds.

       cc -O2 -o floor floor.c && ./floor PORT TICK */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_PHONES 65536

static struct phone {
    bool is_upgraded;
    int place; /* in `present` */
} phones[MOST_PHONES]; /* by file descriptor */

static int present[MOST_PHONES], count_present;
static unsigned long counts[3];
static bool is_dirty;

/* SHA-1 (RFC 3174), for the handshake alone. */

static uint32_t rol(uint32_t value, int by) { return (value << by) | (value >> (32 - by)); }

static void digest_block(uint32_t state[5], const uint8_t *block) {
    static const uint32_t constants[4] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
    uint32_t words[80], s[5];
    for (int i = 0; i < 16; i++)
        words[i] = (uint32_t)block[i * 4] << 24 | (uint32_t)block[i * 4 + 1] << 16 |
                   (uint32_t)block[i * 4 + 2] << 8 | block[i * 4 + 3];
    for (int i = 16; i < 80; i++)
        words[i] = rol(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 80; i++) {
        uint32_t mixed = i / 20 == 0   ? (s[1] & s[2]) | (~s[1] & s[3])
                         : i / 20 == 2 ? (s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3])
                                       : s[1] ^ s[2] ^ s[3];
        uint32_t next = rol(s[0], 5) + mixed + s[4] + constants[i / 20] + words[i];
        s[4] = s[3], s[3] = s[2], s[2] = rol(s[1], 30), s[1] = s[0], s[0] = next;
    }
    for (int i = 0; i < 5; i++) state[i] += s[i];
}

/* Write Sec-WebSocket-Accept for a key of 24 characters into 28 characters and a zero. */
static void accept_for(const char *key, char accept[29]) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint8_t padded[128] = {0}, sum[21] = {0};
    memcpy(padded, key, 24);
    memcpy(padded + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
    padded[60] = 0x80;
    padded[126] = (60 * 8) >> 8, padded[127] = (60 * 8) & 0xFF;
    digest_block(state, padded);
    digest_block(state, padded + 64);
    for (int i = 0; i < 20; i++) sum[i] = state[i / 4] >> (24 - i % 4 * 8);
    for (int i = 0; i < 7; i++) {
        uint32_t three = (uint32_t)sum[i * 3] << 16 | sum[i * 3 + 1] << 8 | sum[i * 3 + 2];
        for (int j = 0; j < 4; j++) accept[i * 4 + j] = letters[three >> (18 - j * 6) & 63];
    }
    accept[27] = '=', accept[28] = 0;
}

static void hang_up(int fd) {
    if (phones[fd].is_upgraded) {
        int last = present[--count_present];
        present[phones[fd].place] = last;
        phones[last].place = phones[fd].place;
    }
    close(fd);
}

static void shake_hands(int fd, char *request) {
    char answer[200], accept[29], *key = strcasestr(request, "\r\nSec-WebSocket-Key: ");
    if (!key || strlen(key) < 21 + 24) {
        hang_up(fd);
        return;
    }
    accept_for(key + 21, accept);
    int size = sprintf(answer,
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    if (send(fd, answer, size, MSG_NOSIGNAL) != size) {
        hang_up(fd);
        return;
    }
    phones[fd] = (struct phone){true, count_present};
    present[count_present++] = fd;
}

static void hear(int fd) {
    uint8_t heard[4096];
    ssize_t size = recv(fd, heard, sizeof heard - 1, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
        hang_up(fd);
        return;
    }
    if (!phones[fd].is_upgraded) {
        heard[size] = 0;
        shake_hands(fd, (char *)heard);
        return;
    }
    /* A vote is seven bytes: two of head, four of mask, the digit. */
    for (ssize_t at = 0; at + 6 <= size; at += 6 + (heard[at + 1] & 0x7F)) {
        int digit = at + 6 < size ? (heard[at + 6] ^ heard[at + 2]) - '1' : -1;
        if ((heard[at] & 0x0F) == 1 && digit >= 0 && digit < 3) {
            counts[digit]++;
            is_dirty = true;
        }
    }
}

static void welcome(int listening, int epoll) {
    int fd, on = 1;
    while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST_PHONES) {
            close(fd);
            continue;
        }
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        phones[fd].is_upgraded = false;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest);
    }
}

static void show_everybody(void) {
    char frame[128];
    int size = sprintf(frame + 2, "{\"counts\":{\"1\":%lu,\"2\":%lu,\"3\":%lu}}", counts[0], counts[1],
                       counts[2]);
    frame[0] = (char)0x81, frame[1] = (char)size; /* three counts fit into 125 bytes */
    for (int i = 0; i < count_present; i++)
        send(present[i], frame, size + 2, MSG_NOSIGNAL | MSG_DONTWAIT);
    is_dirty = false;
}

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: floor PORT TICK_MILLISECONDS\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int on = 1, epoll = epoll_create1(0);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_port = htons(atoi(argv[1])),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listening, (struct sockaddr *)&here, sizeof here) || listen(listening, 4096)) {
        perror("floor");
        return 1;
    }
    struct epoll_event ready[512], interest = {.events = EPOLLIN, .data.fd = listening};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &interest);
    long tick = atol(argv[2]), shown = now_ms() - tick;
    for (;;) {
        long left = is_dirty ? shown + tick - now_ms() : -1;
        int count = epoll_wait(epoll, ready, 512, is_dirty && left < 0 ? 0 : (int)left);
        for (int i = 0; i < count; i++)
            if (ready[i].data.fd == listening)
                welcome(listening, epoll);
            else
                hear(ready[i].data.fd);
        if (is_dirty && now_ms() >= shown + tick) {
            shown = now_ms();
            show_everybody();
        }
    }
}
