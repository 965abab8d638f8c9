// The rules without an idea of their own: another type or class for the question; one thing done to replies for names
// that match (`ttl`, `rcode`), or to all (`cname`).
#pragma once

#include <memory>
#include <optional>

#include "plugins/rewrite/rule.h"

namespace portolan::rewrite {

class TypeRule final : public Rule {
 public:
  TypeRule(dns::RRType from, dns::RRType to) : from_(from), to_(to) {}
  bool apply(Rewriting& rewriting) const override {
    dns::RRType& type = rewriting.query().question.type;
    if (type != from_) return false;
    type = to_;
    return true;
  }

 private:
  dns::RRType from_, to_;
};

class ClassRule final : public Rule {
 public:
  ClassRule(dns::RRClass from, dns::RRClass to) : from_(from), to_(to) {}
  bool apply(Rewriting& rewriting) const override {
    dns::RRClass& cls = rewriting.query().question.cls;
    if (cls != from_) return false;
    cls = to_;
    return true;
  }

 private:
  dns::RRClass from_, to_;
};

class ReplyRule final : public Rule {
 public:
  ReplyRule(Pattern name, ReplyChange change) : name_(std::move(name)), change_(change) {}
  explicit ReplyRule(std::unique_ptr<PatternMap> aliases) : map_(std::move(aliases)), change_(MapAlias{map_.get()}) {}
  bool apply(Rewriting& rewriting) const override {
    if (name_ && !rewriting.fits(*name_)) return false;
    rewriting.later(change_);
    return true;
  }

 private:
  std::optional<Pattern> name_;  // none: every question
  std::unique_ptr<PatternMap> map_;
  ReplyChange change_;
};

}  // namespace portolan::rewrite
