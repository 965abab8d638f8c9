// Cutting protobuf: whole messages come out, however the reply is cut; what lies about its lengths is refused.
#include "cluster/protobuf_stream.h"

#include <doctest/doctest.h>

#include <vector>

#include "cluster/protobuf_message.h"
#include "cluster/stream.h"

namespace portolan::cluster {
namespace {

using Texts = std::vector<std::string>;

struct Cut {
  Texts items, metadata;
  bool complete = false, failed = false;
};
Cut cut_list(std::string_view list, size_t piece) {
  Cut cut;
  MessageListCutter cutter;
  const MessageListCutter::Receiver receiver{[&](std::string_view item) { cut.items.emplace_back(item); },
                                             [&](std::string_view meta) { cut.metadata.emplace_back(meta); }};
  for (size_t at = 0; at < list.size() && !cut.failed; at += piece) {
    cut.failed = cutter.feed(list.substr(at, piece), receiver).has_error();
  }
  cut.complete = cutter.complete();
  return cut;
}

/// runtime.Unknown with `raw` in it, and nothing else.
std::string unknown(std::string_view raw) { return std::string("k8s\0", 4) + bytes(2, raw); }

/// The same with a list that promises 2^40 octets more.
std::string unknown_of_large(std::string_view raw) {
  return std::string("k8s\0\x12", 5) + varint((uint64_t{1} << 40) + raw.size()) + std::string(raw);
}

}  // namespace

TEST_CASE("protobuf stream: frames come out whole, however the stream is cut") {
  const std::string large(70000, 'l');
  const std::string stream = frame("one") + frame("") + frame(large) + frame("last") + frame("rest").substr(0, 6);
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{4}, size_t{5}, size_t{7}, size_t{11}, size_t{4096},
                             size_t{70001}, stream.size()}) {
    CAPTURE(piece);
    FrameCutter cutter;
    Texts frames;
    for (size_t at = 0; at < stream.size(); at += piece) {
      REQUIRE(cutter
                  .feed(std::string_view(stream).substr(at, piece),
                        [&](std::string_view each) {
                          frames.emplace_back(each);
                          return true;
                        })
                  .has_value());
    }
    CHECK(frames == Texts{"one", "", large, "last"});
    CHECK(cutter.inside());
  }
}

TEST_CASE("protobuf stream: a receiver that has enough gets no more frames") {
  FrameCutter cutter;
  int frames = 0;
  const auto fed = cutter.feed(frame("one") + frame("two"), [&](std::string_view) { return ++frames < 1; });
  REQUIRE(fed.has_value());
  CHECK(!*fed);
  CHECK(frames == 1);
}

TEST_CASE("protobuf stream: a frame may not promise more than the largest event") {
  const auto each = [](std::string_view) { return true; };
  FrameCutter largest, larger;
  CHECK(largest.feed(std::string("\x02\x00\x00\x00", 4), each).has_value());
  CHECK(larger.feed(std::string("\x02\x00\x00\x01", 4), each).has_error());
}

TEST_CASE("protobuf stream: items of a list come out whole, however the reply is cut") {
  const std::string large(40000, 'i');
  const std::string meta = bytes(1, "") + bytes(2, "99") + bytes(3, "token");
  const std::string list = bytes(1, meta) + bytes(2, "one") + number(7, 1u << 31) + bytes(2, "") + bytes(2, large) +
                           varint(8 << 3 | 5) + "1234" + varint(9 << 3 | 1) + "12345678" + bytes(10, "skipped") +
                           bytes(2, "last");
  const std::string reply = standing("ServiceList", list);
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{5}, size_t{64}, size_t{4096}, reply.size()}) {
    CAPTURE(piece);
    const Cut cut = cut_list(reply, piece);
    CHECK(!cut.failed);
    CHECK(cut.complete);
    CHECK(cut.items == Texts{"one", "", large, "last"});
    CHECK(cut.metadata == Texts{meta});
  }
}

TEST_CASE("protobuf stream: a list that ends too early is not complete") {
  const std::string reply = standing("ServiceList", bytes(1, bytes(2, "99")) + bytes(2, "one"));
  const size_t behind_list = reply.size() - 4;  // two empty fields of runtime.Unknown come last
  for (size_t length = 0; length < reply.size(); ++length) {
    CAPTURE(length);
    const Cut cut = cut_list(reply.substr(0, length), 4096);
    CHECK(!cut.failed);
    CHECK(cut.complete == (length == behind_list || length == behind_list + 2));
  }
  CHECK(cut_list(standing("ServiceList", ""), 1).complete);
}

TEST_CASE("protobuf stream: a list that lies about itself is refused") {
  const std::string item = bytes(2, "one");
  for (const std::string& broken : {
           std::string(R"({"items":[]})"),                               // another encoding
           std::string("k8s\1", 4) + bytes(2, item),                     // another version of it
           unknown(bytes(2, "one").substr(0, 4)) + item,                 // an item longer than the list
           unknown(varint(5 << 3 | 1) + "1234567") + "8" + item,         // eight octets of which the list has seven
           unknown("\x12") + item,                                       // a field longer than the list
           unknown_of_large("\x12\xff\xff\xff\xff\x7f"),                 // an item of 32 GiB
           unknown_of_large("\x12\x81\x80\x80\x10"),                     // an item of 32 MiB and one octet
           std::string("k8s\0\x13\x14", 6),                              // a group
           std::string("k8s\0\x00\x01", 6),                              // a field without a number
           std::string("k8s\0", 4) + std::string(10, '\xff') + "\x01",   // a tag without an end
           std::string("k8s\0", 4) + bytes(3, "gzip") + bytes(2, item),  // compressed
           unknown(item) + bytes(2, item),                               // two lists
       }) {
    CAPTURE(broken);
    for (const size_t piece : {size_t{1}, size_t{4096}}) {
      CHECK(cut_list(broken, piece).failed);
    }
  }
}

}  // namespace portolan::cluster
