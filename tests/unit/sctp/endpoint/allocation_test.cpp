#include <gtest/gtest.h>

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "count_allocations.hpp"
#include "unit/sctp/support/protected_support.hpp"

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMessage = 1392;

// Two endpoints that use the same route for each other. The test itself allocates no memory.
class LeanPair {
 public:
  explicit LeanPair(crypto::CipherCosts costs)
      : client_(tunnel_like(false), client_random_, pool_, with_costs(edge_protection(), costs)),
        server_(tunnel_like(true), server_random_, pool_, with_costs(hub_protection(), costs)) {
    const Route route{SocketId(0), IpAddress::v4(0xC000'0201), {IpAddress::v4(0xC000'0201), 9899}};
    client_id_ = client_.connect(now_, route, key_of(kHubKey).public_key());
    settle();
    while (const auto event = server_.poll_event()) {
      if (event->kind == Event::Kind::accepted) server_id_ = event->association;
    }
    while (client_.poll_event()) {
    }
  }

  // Sends a batch of messages each way, with its acknowledgements; returns how many arrived.
  std::size_t exchange() {
    for (int i = 0; i < 40; ++i) {
      client_.send(now_, client_id_, pool_.acquire(kMessage), {});
      server_.send(now_, server_id_, pool_.acquire(kMessage), {});
    }
    settle();
    std::size_t received = 0;
    while (server_.poll_message()) ++received;
    while (client_.poll_message()) ++received;
    now_ += 30ms;  // delayed SACKs become due
    client_.handle_timeout(now_);
    server_.handle_timeout(now_);
    settle();
    return received;
  }
  [[nodiscard]] AssociationStatus status() const { return client_.status(client_id_).value(); }

 private:
  static SecurityConfig with_costs(SecurityConfig protection, crypto::CipherCosts costs) {
    protection.cipher_costs = costs;
    return protection;
  }
  bool carry(Endpoint& from, Endpoint& to) {
    if (!from.poll_transmit(now_, batch_)) return false;
    MutableBytes rest = batch_.bytes();
    std::size_t count = 0;
    for (const std::size_t size : batch_.sizes()) {
      received_[count++] = {batch_.route, rest.first(size)};
      rest = rest.subspan(size);
    }
    to.handle_datagrams(now_, std::span(received_).first(count));
    return true;
  }
  void settle() {
    bool moved = true;
    while (moved) {
      moved = carry(client_, server_);
      moved |= carry(server_, client_);
    }
  }

  Timestamp now_ = Timestamp{} + 1h;
  TestRandom client_random_{1};
  TestRandom server_random_{2};
  BufferPool pool_;
  Endpoint client_;
  Endpoint server_;
  AssociationId client_id_;
  AssociationId server_id_;
  TransmitBatch batch_;
  std::array<ReceivedDatagram, TransmitBatch::kMaxDatagrams> received_{};
};

TEST(DataPath, OfAProtectedAssociationAllocatesNothingOnceItIsWarm) {
  for (const crypto::CipherCosts costs : {crypto::CipherCosts{1, 2}, crypto::CipherCosts{2, 1}}) {
    LeanPair pair(costs);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(pair.exchange(), 80U);
    const std::uint64_t sealed = pair.status().protection->sealed_packets;
    std::size_t received = 0;
    const std::size_t before = hawser::test::allocations();
    for (int i = 0; i < 100; ++i) received += pair.exchange();
    EXPECT_EQ(hawser::test::allocations(), before) << costs.aes_128_gcm;
    EXPECT_EQ(received, 8000U);
    EXPECT_GE(pair.status().protection->sealed_packets, sealed + 4000);
  }
}

/// The input of the server, in which one allocation fails: number `countdown` of all. Owns nothing.
class FailingInput {
 public:
  FailingInput(ProtectedPair& pair, std::size_t countdown) : pair_(pair), left_(countdown) {
    pair.lost_to_server = [this](const Datagram& each) {
      take(each);
      return true;
    };
  }
  ~FailingInput() { pair_.lost_to_server = nullptr; }
  FailingInput(const FailingInput&) = delete;
  FailingInput& operator=(const FailingInput&) = delete;

  /// Whether the allocation was tried.
  [[nodiscard]] bool failed() const { return left_ == 0; }

 private:
  void take(const Datagram& each) {
    ByteVector copy = each.bytes;
    ReceivedDatagram received{pair_.server_route(), copy};
    hawser::test::fail_allocation(left_);
    pair_.server.endpoint.handle_datagrams(pair_.now, {&received, 1});
    left_ = hawser::test::allocations_until_failure();
    hawser::test::fail_allocation(0);
  }
  ProtectedPair& pair_;
  std::size_t left_;
};

TEST(OutOfMemory, EndsOneAssociationAtMost) {
  ProtectedPair pair;
  pair.connect();
  const AssociationId first = pair.client_id;
  std::size_t number = 0;
  for (bool failed = true; failed && number < 2'000; ++number) {
    FailingInput input(pair, number + 1);
    pair.begin();
    pair.carry();
    pair.client.endpoint.abort(pair.now, pair.client_id, "the next one");
    pair.carry();
    pair.now += 2s;
    failed = input.failed();
    ASSERT_TRUE(pair.client.endpoint.status(first)->protection) << number;
    ASSERT_TRUE(pair.server.endpoint.status(pair.server_id)) << number;
  }
  EXPECT_GT(number, 20U) << "a handshake needs memory";
  EXPECT_LT(number, 2'000U) << "a handshake without a failure was reached";
  EXPECT_GE(pair.server.drops(DropReason::internal_failure), number / 2);
  pair.client_id = first;
  EXPECT_TRUE(pair.works());
}

TEST(OutOfMemory, InACommandEndsOneAssociationAtMost) {
  ProtectedPair pair;
  pair.connect();
  const AssociationId first = pair.client_id;
  Endpoint& client = pair.client.endpoint;
  const crypto::PublicKey hub = key_of(kHubKey).public_key();
  TransmitBatch batch;
  std::size_t number = 0;
  for (bool failed = true; failed && number < 2'000; ++number) {
    hawser::test::fail_allocation(0);
    Buffer message = pair.client.pool.acquire(1'000);
    hawser::test::fail_allocation(number + 1);
    const AssociationId second = client.connect(pair.now, pair.client_route(), hub);
    client.send(pair.now, second, std::move(message), {});
    client.add_path(pair.now, second, pair.client_route(2));
    client.move_path(pair.now, second, PathId(0));
    client.probe_path(pair.now, second, PathId(0));
    while (client.poll_transmit(pair.now, batch)) batch.clear();
    while (client.poll_message()) {
    }
    failed = hawser::test::allocations_until_failure() == 0;
    hawser::test::fail_allocation(0);
    client.abort(pair.now, second, "the next one");
    ASSERT_TRUE(client.status(first)->protection) << number;
    ASSERT_FALSE(client.status(second)) << number;
    bool lost = false;
    while (const auto event = client.poll_event())
      lost |= event->association == second && event->kind == Event::Kind::lost;
    EXPECT_EQ(lost, failed) << number;
  }
  EXPECT_GT(number, 5U) << "a call needs memory";
  EXPECT_LT(number, 2'000U) << "a call without a failure was reached";
  EXPECT_TRUE(pair.works());
}

// What a sender that knows only the public key of the hub can make it hold, with a ClientHello and as much of
// the flight after it as TLS takes.
TEST(HalfOpenMemory, IsAtMost96KibibytesForEachHandshake) {
  constexpr int kHandshakes = 1024 / 8;  // as many as one network may have
  ProtectedPair pair;
  pair.lost_to_client = [](const Datagram& each) { return !contains(each, wire::ChunkType::kInitAck); };
  for (int i = 0; i < kHandshakes; ++i) pair.begin();
  pair.pick_up();
  pair.deliver_to_server();
  pair.pick_up();
  pair.deliver_to_client();
  pair.pick_up();  // the COOKIE ECHOs, with the ClientHellos, are in flight
  const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  pair.deliver_to_server();
  pair.server.sent.clear();
  const std::vector<Datagram> hellos = pair.client.sent;
  pair.pick_up();
  ASSERT_EQ(pair.server.endpoint.association_count(), std::size_t{kHandshakes});
  // A TLS record of 16 KiB begins and does not end.
  for (const Datagram& each : hellos) {
    const auto hello = find_chunk(each.bytes, wire::ChunkType::kData);
    if (!hello) continue;
    wire::DataChunk data = *wire::DataChunk::parse(*hello);
    data.ssn = Ssn{1};
    for (int i = 0; i < 8; ++i) {
      ByteVector payload(1'000, std::byte{0x77});
      if (i == 0)
        std::ranges::copy(std::array{std::byte{0}, std::byte{0x17}, std::byte{3}, std::byte{3},
                                     std::byte{0x3f}, std::byte{0xff}},
                          payload.begin());
      data.tsn = data.tsn + 1;
      data.begin = i == 0;
      data.end = false;
      data.payload = payload;
      pair.to_server(Craft(tag_in(each)).add(data).take());
    }
  }
  ASSERT_EQ(pair.server.endpoint.association_count(), std::size_t{kHandshakes});
  const std::size_t held = mallinfo2().uordblks + mallinfo2().hblkhd - before;
  std::printf("%zu bytes for each half-open association\n", held / kHandshakes);
  EXPECT_LT(held / kHandshakes, 96U << 10);
}

}  // namespace
}  // namespace hawser::sctp::test
