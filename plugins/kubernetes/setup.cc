// The directive `kubernetes [ZONES...] { ... }`: option table, and from options to what the handler needs.
#include "server/setup.h"

#include <algorithm>

#include "cluster/selector.h"
#include "plugins/kubernetes/kubernetes.h"
#include "plugins/kubernetes/setup_snapshot.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using kubernetes::PodMode;

constexpr Arg kZones[] = {{.name = "ZONE", .kind = ArgKind::zone, .many = true}};
constexpr Arg kPaths[] = {{.name = "PATH", .many = true}};
constexpr Arg kEndpoint[] = {{.name = "URL", .many = true}};
constexpr Arg kTls[] = {{.name = "CERT"}, {.name = "KEY"}, {.name = "CACERT"}};
constexpr Arg kKubeconfig[] = {{.name = "FILE"}, {.name = "CONTEXT"}};
constexpr Arg kRate[] = {{.name = "QPS", .kind = ArgKind::fraction, .min = 0}};
constexpr Arg kCount[] = {{.name = "COUNT", .kind = ArgKind::integer, .min = 0, .max = 2147483647}};
constexpr Arg kNames[] = {{.name = "NAMESPACE", .many = true}};
constexpr Arg kExpression[] = {{.name = "EXPRESSION", .many = true}};
constexpr Arg kPods[] = {{.name = "MODE", .kind = ArgKind::choice, .choices = "disabled|insecure|verified"},
                         {.name = "CIDR", .kind = ArgKind::prefix, .many = true}};
constexpr Arg kPodIps[] = {{.name = "WHICH", .kind = ArgKind::choice, .choices = "first|all"}};
constexpr Arg kPodLabels[] = {{.name = "LABEL", .many = true}};
constexpr Arg kTtl[] = {{.name = "TTL", .kind = ArgKind::integer, .min = 0, .max = 3600}};
constexpr Arg kFallthrough[] = {{.name = "ZONE", .many = true}};
constexpr Arg kIgnore[] = {{.name = "empty_service", .kind = ArgKind::choice, .choices = "empty_service"}};
constexpr Arg kTimeout[] = {{.name = "DURATION", .kind = ArgKind::duration, .min = 1}};
constexpr Arg kSnapshot[] = {{.name = "FILE"}, {.name = "serve", .kind = ArgKind::choice, .choices = "serve"}};
constexpr Arg kMulticluster[] = {{.name = "ZONE", .kind = ArgKind::zone, .many = true}};

constexpr Option kOptions[] = {
    {.name = "", .args = kZones, .fallback = "the zones of the server block", .help = "zones to answer for"},
    {.name = "manifests",
     .args = kPaths,
     .required = 1,
     .repeat = corefile::Repeat::append,
     .help = "read YAML and JSON manifests instead of an API server"},
    {.name = "endpoint",
     .args = kEndpoint,
     .required = 1,
     .fallback = "the service account of the pod",
     .help = "the API server; of several the first is used"},
    {.name = "tls", .args = kTls, .required = 3, .help = "files for the connection to endpoint"},
    {.name = "kubeconfig", .args = kKubeconfig, .required = 1, .help = "connect as this file says"},
    {.name = "apiserver_qps", .args = kRate, .required = 1, .fallback = "5", .help = "requests a second"},
    {.name = "apiserver_burst",
     .args = kCount,
     .required = 1,
     .fallback = "10",
     .help = "requests at once above the rate"},
    {.name = "apiserver_max_inflight",
     .args = kCount,
     .required = 1,
     .fallback = "0",
     .help = "requests under way at a time; 0: any number"},
    {.name = "namespaces",
     .args = kNames,
     .required = 1,
     .repeat = corefile::Repeat::append,
     .fallback = "all",
     .help = "namespaces to show"},
    {.name = "namespace_labels", .args = kExpression, .required = 1, .help = "show namespaces with these labels"},
    {.name = "labels", .args = kExpression, .required = 1, .help = "show objects with these labels"},
    {.name = "pods",
     .args = kPods,
     .required = 1,
     .fallback = "disabled",
     .help = "answer names made of pod addresses; insecure: of those in the CIDRs, if there are any"},
    {.name = "pod_ips",
     .args = kPodIps,
     .required = 1,
     .fallback = "first",
     .help = "addresses of a pod that are verified"},
    {.name = "pod_subdomains",
     .args = kPodLabels,
     .required = 1,
     .fallback = "pod",
     .help = "labels below which names of pods stand"},
    {.name = "endpoint_pod_names", .help = "call endpoints without a host name after their pods"},
    {.name = "ttl",
     .args = kTtl,
     .required = 1,
     .fallback = "5",
     .help = "TTL of answers in seconds",
     .extra_args = true},
    {.name = "noendpoints", .help = "do not read endpoint slices"},
    {.name = "fallthrough", .args = kFallthrough, .fallback = "off", .help = "pass names that do not exist on"},
    {.name = "ignore", .args = kIgnore, .help = "services without endpoints do not exist", .extra_args = true},
    {.name = "startup_timeout",
     .args = kTimeout,
     .required = 1,
     .fallback = "5s",
     .help = "after which the log says that the cluster is not yet known",
     .extra_args = true},
    {.name = "snapshot",
     .args = kSnapshot,
     .required = 1,
     .fallback = "off",
     .help = "save what is known to FILE, and start from it; serve: be ready then"},
    {.name = "multicluster",
     .args = kMulticluster,
     .fallback = "none",
     .help = "zones of services imported from other clusters"},
    {.name = "zonal", .help = "answer names of a headless service's endpoints in one topology zone"},
    {.name = "headless_fit", .help = "of a headless service, send as many endpoints as fit the client's size"},
};

bool is_reverse(const dns::Name& zone) {
  const std::string text = zone.text();
  return text.ends_with(".in-addr.arpa.") || text.ends_with(".ip6.arpa.");
}

std::string joined(const OptionUse& use) {
  std::string text;
  for (const std::string& word : use.texts()) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

Result<std::string> selector(server::Setup& setup, const OptionUse& use, std::string_view what) {
  const std::string text = joined(use);
  const auto parsed = cluster::parse_selector(text);
  if (parsed) return {boost::system::in_place_value, parsed->text()};
  return setup.error(use.at, "unable to parse " + std::string(what) + " value: '" + text +
                                 "': couldn't parse the selector string \"" + text + "\": " + parsed.error().message);
}

// What of the API server stands in the Corefile; its address and credentials come later.
struct Server {
  const OptionUse* kubeconfig = nullptr;
  const OptionUse* endpoint = nullptr;
  const OptionUse* tls = nullptr;
  const OptionUse* limits = nullptr;
  double qps = 0;
  int burst = 0, max_inflight = 0;
};

bool take_server(const OptionUse& use, Server& server) {
  if (use.is("kubeconfig"))
    server.kubeconfig = &use;
  else if (use.is("endpoint"))
    server.endpoint = &use;
  else if (use.is("tls"))
    server.tls = &use;
  else if (use.is("apiserver_qps"))
    server.qps = use.fraction();
  else if (use.is("apiserver_burst"))
    server.burst = static_cast<int>(use.number());
  else if (use.is("apiserver_max_inflight"))
    server.max_inflight = static_cast<int>(use.number());
  else
    return false;
  if (use.option->name.starts_with("apiserver_")) server.limits = &use;
  return true;
}

// Options that stand for one value in the settings.
bool take_setting(const OptionUse& use, kubernetes::Options& options) {
  kubernetes::Settings& settings = options.settings;
  if (use.is("pods")) {
    const std::string& mode = use.text();
    settings.pods = mode == "verified" ? PodMode::verified : mode == "insecure" ? PodMode::insecure : PodMode::disabled;
    settings.pod_ranges.clear();
    for (const std::string& range : use.texts(1)) settings.pod_ranges.push_back(IpPrefix::parse(range).value());
  } else if (use.is("pod_ips")) {
    settings.all_pod_ips = use.text() == "all";
  } else if (use.is("zonal")) {
    settings.zonal = true;
  } else if (use.is("headless_fit")) {
    settings.headless_fit = true;
  } else if (use.is("namespaces")) {
    for (std::string& name : use.texts()) settings.namespaces.push_back(std::move(name));
  } else if (use.is("endpoint_pod_names")) {
    options.source.pod_names = true;
  } else if (use.is("ttl")) {
    settings.ttl = static_cast<uint32_t>(use.number());
  } else if (use.is("noendpoints")) {
    options.source.wanted.endpoint_slices = false;
  } else if (use.is("fallthrough")) {
    settings.fallthrough = Fallthrough::parse(use);
  } else if (use.is("ignore")) {
    settings.ignore_empty_service = use.has(0);
  } else if (use.is("startup_timeout")) {
    options.startup_timeout = use.duration();
  } else {
    return false;
  }
  return true;
}

Result<void> set_zones(server::Setup& setup, const OptionUse& use, kubernetes::Settings& settings) {
  auto zones = setup.zones(use);
  if (!zones) return zones.error();
  settings.zones = std::move(*zones);
  const auto primary = std::find_if_not(settings.zones.begin(), settings.zones.end(), is_reverse);
  if (primary == settings.zones.end()) return setup.error(use.at, "non-reverse zone name must be used");
  settings.primary = *primary;
  return {};
}

// The zones of ServiceImports, which are some of the plugin's.
Result<void> set_multicluster(server::Setup& setup, const OptionUse& use, kubernetes::Settings& settings) {
  settings.multicluster.clear();
  if (use.size() == 0) return {};
  auto zones = setup.zones(use);
  if (!zones) return zones.error();
  for (const dns::Name& zone : *zones) {
    if (std::find(settings.zones.begin(), settings.zones.end(), zone) != settings.zones.end()) continue;
    std::string known;
    for (const dns::Name& each : settings.zones) known.append(known.empty() ? "" : " ").append(each.text());
    return setup.error(use.at, "is not authoritative for the multicluster zone " + zone.text() +
                                   " (authoritative zones: [" + known + "])");
  }
  settings.multicluster = std::move(*zones);
  return {};
}

// `svc` is a case of its own, since services live there.
Result<void> set_pod_labels(server::Setup& setup, const OptionUse& use, kubernetes::Settings& settings) {
  settings.pod_labels.clear();
  settings.pods_under_svc = false;
  for (const std::string& text : use.texts()) {
    const auto name = dns::Name::parse(text);
    if (!name || name->view().label_count() != 1) {
      return setup.error(use.at, "\"" + text + "\": expected one label, such as pod or svc");
    }
    std::string label(name->lower().view().first_label());
    if (label == "svc")
      settings.pods_under_svc = true;
    else
      settings.pod_labels.push_back(std::move(label));
  }
  // Nothing stands for `pod`: a label that no name can have.
  if (settings.pod_labels.empty()) settings.pod_labels.emplace_back();
  return {};
}

Result<void> set_server(server::Setup& setup, const Server& server, cluster::ApiServer& api) {
  if (setup.checking()) return {};  // what is named need not be on this machine
  auto found = server.kubeconfig ? cluster::from_kubeconfig(server.kubeconfig->text(),
                                                            server.kubeconfig->has(1) ? server.kubeconfig->text(1) : "")
               : server.endpoint ? Result<cluster::ApiServer>(cluster::ApiServer{})
                                 : cluster::in_cluster();
  if (!found) return setup.error(found.error().message);
  api = std::move(*found);
  if (!server.kubeconfig && server.endpoint) {
    const std::string& url = server.endpoint->text();
    const bool has_scheme = url.find("://") != url.npos;
    api.url = has_scheme ? url : (server.tls ? "https://" : "http://") + url;
    if (server.tls) {
      api.certificate_file = server.tls->text(0);
      api.key_file = server.tls->text(1);
      api.ca_file = server.tls->text(2);
    }
  }
  api.qps = server.qps;
  api.burst = server.burst;
  api.max_inflight = server.max_inflight;
  return {};
}

// Combinations in which an option could have no effect.
Result<void> check_together(server::Setup& setup, const corefile::ParsedDirective& directive,
                            const kubernetes::Options& options) {
  const kubernetes::Settings& settings = options.settings;
  const auto& wanted = options.source.wanted;
  if (!settings.namespaces.empty() && !wanted.namespace_label_selector.empty()) {
    return setup.error(directive.at, "namespaces and namespace_labels cannot both be set");
  }
  if (settings.zonal && !wanted.endpoint_slices) {
    return setup.error(directive.at, "zonal requires the endpoint cache; remove noendpoints");
  }
  if (settings.headless_fit && !wanted.endpoint_slices && settings.multicluster.empty()) {
    return setup.error(directive.at, "headless_fit requires endpoints; remove noendpoints");
  }
  if (settings.all_pod_ips && settings.pods != PodMode::verified) {
    return setup.error(directive.at, "pod_ips all requires pods verified");
  }
  if (!settings.pod_ranges.empty() && settings.pods != PodMode::insecure) {
    return setup.error(directive.at, "a CIDR of pods requires pods insecure");
  }
  if ((settings.pods_under_svc || !settings.pod_labels.empty()) && settings.pods == PodMode::disabled) {
    return setup.error(directive.at, "pod_subdomains requires pods insecure or pods verified");
  }
  return {};
}

// The source's options that follow from others.
Result<void> set_source(server::Setup& setup, const Server& server, kubernetes::Options& options) {
  kubernetes::SourceOptions& source = options.source;
  source.wanted.pods = options.settings.pods == PodMode::verified;
  source.wanted.service_imports = !options.settings.multicluster.empty();
  source.all_pod_ips = options.settings.all_pod_ips;
  source.zones = options.settings.zonal;
  if (source.manifests.empty()) return set_server(setup, server, source.api);
  for (const OptionUse* use : {server.kubeconfig, server.endpoint, server.tls, server.limits}) {
    if (use)
      setup.warn(use->at, std::string(use->option->name) + " is not used: manifests take the API server's place");
  }
  return {};
}

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  const corefile::ParsedDirective& directive = setup.directives().front();
  kubernetes::Options options;
  Server server;
  const OptionUse* snapshot = nullptr;
  for (const OptionUse& use : directive.uses) {
    if (take_server(use, server) || take_setting(use, options)) {
      if (use.is("endpoint") && use.size() > 1) {
        setup.warn(use.at, "only the first endpoint is used: " + use.text());
      }
    } else if (use.is("")) {
      if (auto set = set_zones(setup, use, options.settings); !set) return set.error();
    } else if (use.is("snapshot")) {
      snapshot = &use;
    } else if (use.is("multicluster")) {
      if (auto set = set_multicluster(setup, use, options.settings); !set) return set.error();
    } else if (use.is("pod_subdomains")) {
      if (auto set = set_pod_labels(setup, use, options.settings); !set) return set.error();
    } else if (use.is("manifests")) {
      for (const std::string& path : use.texts()) options.source.manifests.push_back(setup.block().file(path));
    } else {  // labels, namespace_labels
      const bool of_namespaces = use.is("namespace_labels");
      auto text = selector(setup, use, of_namespaces ? "namespace_label selector" : "label selector");
      if (!text) return text.error();
      auto& wanted = options.source.wanted;
      (of_namespaces ? wanted.namespace_label_selector : wanted.label_selector) = std::move(*text);
    }
  }
  if (auto checked = check_together(setup, directive, options); !checked) return checked.error();
  if (auto set = set_source(setup, server, options); !set) return set.error();
  if (auto set = kubernetes::set_snapshot(setup, snapshot, options); !set) return set.error();
  options.bound = !setup.block().listen().hosts.empty();
  options.configuration = &setup.configuration();
  options.completes_searches = setup.block().other("autopath") != nullptr;
  if (options.source.wanted.pods) {
    options.source.clients = setup.block().has_metadata() ? kubernetes::ClientData::all
                             : options.completes_searches ? kubernetes::ClientData::spaces
                                                          : kubernetes::ClientData::none;
  }
  setup.add(std::make_unique<kubernetes::Kubernetes>(std::move(options), setup.process()));
  return {};
}

}  // namespace

extern const server::Plugin kubernetes_plugin;
const server::Plugin kubernetes_plugin{.name = "kubernetes", .setup = setup, .options = kOptions};

}  // namespace portolan
