#include <gtest/gtest.h>

#include <array>

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

}  // namespace
}  // namespace hawser::sctp::test
