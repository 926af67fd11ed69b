/*
 * A cable between two Ethernet interfaces that it makes itself, as long as it is told. What the far end sends comes out so much later;
 * what the near end sends does so only where it comes from one address. So a round trip between the far ends of two cables takes as
 * long as one between a far end and that address.
 *
 *   long-cable NEAR FAR DELAY_US LOSS ADDRESS       LOSS of each UDP datagram on its way in or out, 0 to 1
 *
 * It says "ready" when both are there, and ends with its standard input. TAP interfaces, since what passes between veth pairs has no
 * checksums yet. A kernel with netem could do it by itself; many have none.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { NEAR, FAR, ENDS };
enum { FRAME_BYTES = 2048, MOST_WAITING = 2048, MOST_AT_ONCE = 64 };
enum { ETHER_TYPE_AT = 12, IP_PROTOCOL_AT = 23, IP_SOURCE_AT = 26, UDP = 17 };

struct waiting {
  int64_t due_us;
  int length;
  unsigned char bytes[FRAME_BYTES];
};

/* One direction; frames leave in the order in which they came. */
struct direction {
  struct waiting *ring;
  unsigned head, tail;
};

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int open_tap(const char *name) {
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0) {
    fprintf(stderr, "%s: %s\n", name, strerror(errno));
    exit(1);
  }
  return tap;
}

static int is_udp(const unsigned char *frame) {
  return frame[ETHER_TYPE_AT] == 8 && frame[ETHER_TYPE_AT + 1] == 0 && frame[IP_PROTOCOL_AT] == UDP;
}

static in_addr_t source_of(const unsigned char *frame) {
  in_addr_t source = 0;
  if (frame[ETHER_TYPE_AT] == 8 && frame[ETHER_TYPE_AT + 1] == 0)
    memcpy(&source, frame + IP_SOURCE_AT, sizeof source);
  return source;
}

/* What is due goes out; answers when the next is. */
static int64_t deliver(struct direction *way, int tap) {
  for (; way->head != way->tail; way->head++) {
    const struct waiting *frame = &way->ring[way->head % MOST_WAITING];
    if (frame->due_us > now_us()) return frame->due_us;
    /* an interface that is down loses it */
    if (write(tap, frame->bytes, frame->length) < 0) continue;
  }
  return INT64_MAX;
}

int main(int count, char **words) {
  if (count != 6) return 2;
  const int64_t delay_us = atoll(words[3]);
  const double loss = atof(words[4]);
  const in_addr_t server = inet_addr(words[5]);
  const int taps[ENDS] = {open_tap(words[1]), open_tap(words[2])};
  struct direction from[ENDS];
  for (int end = 0; end < ENDS; end++)
    from[end] = (struct direction){calloc(MOST_WAITING, sizeof(struct waiting)), 0, 0};
  srand48(getpid());
  /* what a network does is not to depend on what else the machine does */
  setpriority(PRIO_PROCESS, 0, -15);
  puts("ready");
  fflush(stdout);
  for (;;) {
    int64_t next_us = INT64_MAX;
    for (int end = 0; end < ENDS; end++) {
      const int64_t due_us = deliver(&from[end], taps[1 - end]);
      if (due_us < next_us) next_us = due_us;
    }
    struct pollfd ready[] = {{taps[NEAR], POLLIN, 0}, {taps[FAR], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    int64_t wait_us = next_us == INT64_MAX ? 1000000 : next_us - now_us();
    if (wait_us < 0) wait_us = 0;
    const struct timespec wait = {wait_us / 1000000, wait_us % 1000000 * 1000};
    ppoll(ready, 3, &wait, NULL);
    if (ready[2].revents && read(STDIN_FILENO, (char[1]){0}, 1) <= 0) return 0;
    for (int end = 0; end < ENDS; end++) {
      struct direction *way = &from[end];
      for (int n = 0; n < MOST_AT_ONCE && way->tail - way->head < MOST_WAITING; n++) {
        struct waiting *frame = &way->ring[way->tail % MOST_WAITING];
        frame->length = read(taps[end], frame->bytes, FRAME_BYTES);
        if (frame->length <= IP_SOURCE_AT + (int)sizeof(in_addr_t)) break;
        if (is_udp(frame->bytes) && drand48() < loss) continue;
        frame->due_us = now_us() + delay_us;
        if (end == FAR || source_of(frame->bytes) == server) way->tail++;
        else if (write(taps[1 - end], frame->bytes, frame->length) < 0) continue;
      }
    }
  }
}
