/* What getaddrinfo gives for a name, one address a line: compiled with musl-gcc, it is the resolver of every Alpine
   image. Exit status 0: found, 2: no such name or no address, 3: the resolver failed. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int count, char **words) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = 0, *each;
  if (count != 2) return 1;
  int problem = getaddrinfo(words[1], 0, &hints, &found);
  if (problem == EAI_NONAME || problem == EAI_NODATA) return 2;
  if (problem) return 3;
  for (each = found; each; each = each->ai_next) {
    char text[INET6_ADDRSTRLEN];
    const void *address = each->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)each->ai_addr)->sin_addr
                                                     : (void *)&((struct sockaddr_in6 *)each->ai_addr)->sin6_addr;
    puts(inet_ntop(each->ai_family, address, text, sizeof text));
  }
  return 0;
}
