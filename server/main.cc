// The portolan binary: flags, then the server.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>

#include "base/log.h"
#include "server/completion.h"
#include "server/flags.h"
#include "server/plugin_table.h"
#include "server/print_options.h"
#include "server/server.h"

namespace {

using namespace portolan;
using namespace portolan::server;

void print_plugins(const std::vector<Plugin>& table) {
  std::cout << "Server types:\n  dns\n\nOther plugins:\n";
  for (const Plugin& plugin : table) {
    if (plugin.setup) std::cout << "  dns." << plugin.name << "\n";
  }
}

int print_errors(const Errors& errors) {
  for (const Error& error : errors) std::cerr << error.message << "\n";
  return 1;
}

int print_text(const Result<std::string>& text) {
  if (text.has_error()) return print_errors({text.error()});
  std::cout << *text;
  return 0;
}

// Before any thread starts, as each inherits the mask: the main thread reads signals from a descriptor.
void block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on files fails the write, as a full disk does
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

// As many descriptors as the process may have: TCP connections and upstreams need them.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  block_signals();
  auto flags = parse_flags({argv + 1, argv + argc});
  if (flags.has_error()) {
    std::cerr << flags.error().message << "\n" << usage(argv[0]);
    return 2;
  }
  if (flags->help) {
    std::cerr << usage(argv[0]);  // where Go prints it
    return 0;
  }
  std::vector<Plugin> table = plugin_table();
  if (flags->version) {
    std::cout << "Portolan-" PORTOLAN_VERSION "\nCoreDNS 1.14.7 compatible\n";
    return 0;
  }
  if (flags->plugins) {
    print_plugins(table);
    return 0;
  }
  if (flags->print_options) {
    std::cout << options_as_json(table);
    return 0;
  }
  if (!flags->completion.empty()) return print_text(completion(flags->completion, table));
  if (!flags->describe.empty()) return print_text(describe(flags->describe, table));

  auto port = check_flags(*flags);
  if (port.has_error()) return print_errors({port.error()});

  raise_descriptor_limit();
  Server server(*flags, *port, std::move(table));
  if (flags->check) {
    auto checked = server.check();
    log::flush(1000);
    if (checked.has_error()) return print_errors(checked.error());
    std::cout << "Corefile is valid\n";
    return 0;
  }
  if (flags->print_rbac) {
    log::set_output(STDERR_FILENO);
    auto role = server.rbac();
    log::flush(1000);
    if (role.has_error()) return print_errors(role.error());
    std::cout << *role;
    return 0;
  }
  if (auto started = server.start(); started.has_error()) {
    log::flush(1000);
    return print_errors(started.error());
  }
  return server.run();
}
