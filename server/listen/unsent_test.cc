// Answers that wait for the kernel: the newest leaves first, the oldest makes room.
#include "server/listen/unsent.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

namespace portolan::server {
namespace {

uint64_t dropped(std::string_view listener, std::string_view reason) {
  return metrics::CounterFamily("coredns_shed_dropped_total", "", {"server", "reason"})
      .with({listener, reason})
      .value();
}

TEST_CASE("unsent answers: the newest leaves first") {
  UnsentAnswers answers("dns://:1");
  std::vector<std::unique_ptr<Query>> queries;
  for (int i = 0; i < 3; ++i) queries.push_back(std::make_unique<Query>());
  CHECK(answers.empty());
  for (const auto& query : queries) CHECK(answers.push({query.get(), {}, {}}).query == nullptr);
  CHECK(answers.pop().query == queries[2].get());
  CHECK(answers.push({queries[2].get(), {}, {}}).query == nullptr);
  CHECK(answers.pop().query == queries[2].get());
  CHECK(answers.pop().query == queries[1].get());
  CHECK(answers.pop().query == queries[0].get());
  CHECK(answers.empty());
  CHECK(dropped("dns://:1", "response") == 0);
}

TEST_CASE("unsent answers: when there is no room the oldest goes, and is counted") {
  UnsentAnswers answers("dns://:2");
  const auto queries = std::make_unique<Query[]>(UnsentAnswers::kMost + 2);
  for (size_t i = 0; i < UnsentAnswers::kMost; ++i) {
    CHECK_FALSE(answers.full());
    CHECK(answers.push({&queries[i], {}, {}}).query == nullptr);
  }
  CHECK(answers.full());
  CHECK(answers.push({&queries[UnsentAnswers::kMost], {}, {}}).query == &queries[0]);
  CHECK(answers.push({&queries[UnsentAnswers::kMost + 1], {}, {}}).query == &queries[1]);
  CHECK(dropped("dns://:2", "response") == 2);
  for (size_t i = UnsentAnswers::kMost + 1; i >= 2; --i) CHECK(answers.pop().query == &queries[i]);
  CHECK(answers.empty());
}

}  // namespace
}  // namespace portolan::server
