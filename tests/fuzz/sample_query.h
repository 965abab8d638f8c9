// A query for the fuzz targets of expressions and templates, with all that these may ask for.
#pragma once

#include "dns/name.h"
#include "plugins/common/expression/program.h"
#include "server/configuration.h"
#include "server/metadata.h"

namespace portolan {

/// Web.Alder.test. AAAA over UDP from 192.0.2.7, which matched ^(?P<host>web)[.](x)?.
struct SampleQuery {
  SampleQuery() {
    query.question.name = *dns::parse_name("Web.Alder.test.", query.arena());
    query.question.lower = dns::lower(query.question.name, query.arena());
    query.question.type = dns::RRType::aaaa;
    query.question.cls = dns::RRClass::in;
    query.asked = query.question;
    query.client = {*IpAddress::parse("192.0.2.7"), 4096};
    query.local = {*IpAddress::parse("192.0.2.53"), 53};
    query.metadata = query.arena().make<server::Metadata>(query.arena());
    query.metadata->set("test/label", "amber");
    query.listener_ = &listener;
  }
  server::ListenerPlan listener;
  server::Query query;
  std::string_view matches[3] = {"web.", "web", ""};
  std::string names[3] = {"", "host", ""};
  expression::Groups groups{matches, names};
};

}  // namespace portolan
