// A hub with honest edges and one peer with a valid key that sends anything.
#include <algorithm>
#include <memory>

#include "sim/hostile_campaign.hpp"
#include "sim/hostile_strikes.hpp"

namespace hawser::sim {
namespace {

using sctp::fuzz::ByteVector;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = sctp::Event::Kind;

constexpr Duration kMaxDelay = seconds(1);  // of a message, there or back again
constexpr Duration kMaxCall = seconds(3);
constexpr Duration kRekeyAfter = seconds(11);
constexpr Duration kMessageInterval = milliseconds(250);
constexpr std::uint64_t kHubKey = 1;
constexpr std::uint64_t kHostileKey = 2;
constexpr std::uint64_t kFirstEdgeKey = 100;

/// One run. Owns the world.
class HubRun {
 public:
  HubRun(const HostilePlan& plan, const Traces& traces)
      : plan_(plan), world_(plan.seed), random_(plan.seed ^ 0x6875'62), hub_(add_hub()) {
    world_.trace_to(traces);
    hub_.monitor().max_sealed_validation = 1'200;  // answers to ASCONFs of many requests
    hub_.on_event = [this](const sctp::Event& event) { on_hub_event(event); };
    hub_.on_message = [this](sctp::ReceivedMessage&& message) { on_hub_message(message); };
    for (std::size_t i = 0; i < plan.edges; ++i) add_edge(i);
    world_.own(kHostile.ip, [this](SimDatagram&& datagram) { on_answer(std::move(datagram)); });
    for (std::uint32_t i = 0; i < kForged; ++i) world_.own(forged(i).ip, [](SimDatagram&&) {});
  }

  HostileResult operator()() {
    const Timestamp start = world_.now();
    for (std::size_t i = 0; i < edges_.size(); ++i)
      world_.events().at(start + milliseconds(20 * i), [this, i] { call(i); });
    world_.events().after(seconds(1), [this] { connect_hostile(); });
    world_.events().after(seconds(2), [this] { new_call(); });
    world_.events().at(start + seconds(1) + plan_.attack, [this] { attacking_ = false; });
    world_.events().run_until(start + seconds(2) + plan_.attack);
    check_end();
    HostileResult result;
    result.violations = world_.violations().list();
    result.figures = figures_;
    return result;
  }

 private:
  struct Edge {
    Host* host = nullptr;
    sctp::AssociationId id{};
    bool up = false;
    bool was_up = false;  ///< since the last call
    bool closing = false;
    Timestamp called{};
  };

  Host& add_hub() {
    HostOptions options;
    options.identity = Identity{kHubKey, {kHostileKey}, {}, {}};
    for (std::size_t i = 0; i < plan_.edges; ++i) options.identity->peers.push_back(kFirstEdgeKey + i);
    Host& hub = world_.add_host("hub", hostile_config(true), options);
    world_.attach(hub, SocketId(0), kHub, nullptr, {}, {});
    return hub;
  }
  void add_edge(std::size_t index) {
    HostOptions options;
    options.identity = Identity{kFirstEdgeKey + index, {kHubKey}, {}, kRekeyAfter};
    Host& host = world_.add_host("edge " + std::to_string(index), hostile_config(false), options);
    LinkConfig link;
    link.delay = milliseconds(10);
    // A network of its own each, as the hub limits handshakes by network.
    const auto ip = IpAddress::v4(0x5d00'0001U + static_cast<std::uint32_t>(index) * 256U);
    world_.attach(host, SocketId(0), {ip, 9899}, nullptr, link, link);
    edges_.push_back({.host = &host});
    host.on_event = [this, index](const sctp::Event& event) { on_edge_event(index, event); };
    host.on_message = [this](sctp::ReceivedMessage&& message) { on_message(message); };
    world_.events().at(world_.now() + milliseconds(1'000 + 7 * index), [this, index] { talk(index); });
  }

  // --- the honest edges

  void call(std::size_t index) {
    Edge& edge = edges_[index];
    edge.called = world_.now();
    edge.up = edge.was_up = edge.closing = false;
    edge.id = edge.host->connect(0, kHub);
    world_.events().after(kMaxCall, [this, index, called = edge.called] {
      if (edges_[index].called == called && !edges_[index].was_up)
        complain("a call is not up in time", index);
    });
  }
  // An edge ends its association, and calls again.
  void new_call() {
    if (!attacking_) return;
    const std::size_t index = random_.below(edges_.size());
    Edge& edge = edges_[index];
    if (edge.up && !edge.closing) {
      edge.closing = true;
      edge.host->shutdown(edge.id);
    }
    world_.events().after(milliseconds(700), [this] { new_call(); });
  }
  void on_edge_event(std::size_t index, const sctp::Event& event) {
    Edge& edge = edges_[index];
    if (event.association != edge.id) return;
    if (event.kind == Kind::connected) {
      edge.up = edge.was_up = true;
      figures_.worst_call = std::max(figures_.worst_call, world_.now() - edge.called);
    }
    const bool ended = event.kind == Kind::closed || event.kind == Kind::aborted || event.kind == Kind::lost;
    if (!ended) return;
    if (!edge.closing) complain("loses its association: " + std::string(event.reason), index);
    edge.up = false;
    world_.events().after(milliseconds(50), [this, index] { call(index); });
  }
  void talk(std::size_t index) {
    Edge& edge = edges_[index];
    if (edge.up && !edge.closing) {
      Buffer message = edge.host->pool().acquire(200);
      store_be(message.data(), static_cast<std::uint64_t>(world_.now().time_since_epoch().count()));
      edge.host->send(edge.id, std::move(message), {});
    }
    world_.events().after(kMessageInterval, [this, index] { talk(index); });
  }
  // The hub returns every message of an edge.
  void on_hub_message(const sctp::ReceivedMessage& message) {
    if (message.association == hostile_id_ || message.payload.size() != 200 || message.more) return;
    if (!honest_.contains(message.association)) return;
    on_message(message);
    Buffer back = hub_.pool().copy(message.payload.bytes());
    hub_.endpoint().send(world_.now(), message.association, std::move(back), {});
  }
  void on_message(const sctp::ReceivedMessage& message) {
    ++figures_.messages;
    const Timestamp sent{Duration(static_cast<std::int64_t>(load_be<std::uint64_t>(message.payload.data())))};
    figures_.worst_delay = std::max(figures_.worst_delay, world_.now() - sent);
    if (world_.now() - sent > kMaxDelay)
      complain("a message of an honest edge is late", message.association.value());
  }
  void on_hub_event(const sctp::Event& event) {
    if (event.kind != Kind::accepted) return;
    const auto key = hub_.endpoint().peer_key(event.association);
    if (key == hostile_public_) {
      hostile_id_ = event.association;
      hostile_up_ = true;
      ++figures_.associations;
    } else {
      honest_.insert(event.association);
    }
  }
  void check_end() {
    if (plan_.attack < kRekeyAfter + seconds(2)) return;
    std::size_t renewed = 0;
    for (const Edge& edge : edges_) {
      const auto status = edge.host->endpoint().status(edge.id);
      if (status && status->protection && status->protection->handshakes > 1) ++renewed;
    }
    if (renewed * 3 < edges_.size())
      complain("only so many edges have renewed their keys: " + std::to_string(renewed), 0);
  }

  // --- the hostile peer

  void connect_hostile() {
    peer_.emplace(false, security_of(Identity{kHostileKey, {kHubKey}, {}, {}}),
                  private_key_of(kHubKey).public_key(),
                  sctp::VerificationTag{static_cast<std::uint32_t>(random_.next() | 1)});
    strikes_.emplace(random_, *peer_);
    hostile_up_ = false;
    send(kHostile, peer_->init());
    world_.events().after(milliseconds(300), [this] { strike(); });
  }
  void on_answer(SimDatagram&& datagram) {
    if (datagram.destination != kHostile || !peer_) return;
    figures_.bytes_out += datagram.payload.size();
    hub_.monitor().on_peer_received(datagram);
    if (!peer_->owns(datagram.payload)) return;  // of an association that it has given up
    if (!sctp::wire::is_sealed(datagram.payload)) {
      if (sctp::fuzz::find_chunk(datagram.payload, sctp::wire::ChunkType::kInitAck)) {
        if (!peer_->up()) send(kHostile, peer_->on_init_ack(datagram.payload));
        return;
      }
      peer_->receive(world_.now(), datagram.payload);
      for (const ByteVector& message : peer_->take_messages()) send(kHostile, peer_->data_packet(message));
      if (peer_->up()) send(kHostile, *peer_->seal(sctp::fuzz::chunk_bytes(sctp::wire::PadChunk{8})));
      return;
    }
    for (ByteVector& each :
         strikes_->on_record(world_.now(), std::move(datagram.payload), plan_.reports_itself))
      send(kHostile, std::move(each));
  }
  void strike() {
    if (!attacking_) return;
    const bool alive = hostile_up_ && hub_.endpoint().status(hostile_id_).has_value();
    if (!alive) {
      world_.events().after(milliseconds(200), [this] { connect_hostile(); });
      return;
    }
    UdpAddress from = kHostile;
    if (random_.chance(0.1)) from.port = static_cast<std::uint16_t>(random_.between(1'024, 65'535));
    if (random_.chance(0.1)) from = forged(static_cast<std::uint32_t>(random_.below(kForged)));
    for (ByteVector& packet : strikes_->burst(16)) send(from, std::move(packet));
    if (random_.chance(0.3)) {
      for (int i = 0; i < 50; ++i)
        hub_.endpoint().send(world_.now(), hostile_id_, hub_.pool().acquire(random_.between(1, 60)), {});
      hub_.drain();
    }
    const auto mean = static_cast<std::uint64_t>(plan_.mean_pause.count());
    world_.events().after(Duration(static_cast<Duration::rep>(random_.between(1, 2 * mean))),
                          [this] { strike(); });
  }
  void send(const UdpAddress& from, ByteVector packet) {
    figures_.bytes_in += packet.size();
    ++figures_.packets;
    SimDatagram datagram;
    datagram.source = from;
    datagram.destination = kHub;
    datagram.payload = std::move(packet);
    if (from == kHostile) hub_.monitor().on_peer_sent(datagram);
    world_.inject(std::move(datagram));
  }

  void complain(const std::string& what, std::size_t edge) {
    world_.violations().add(world_.now(), what + " (edge " + std::to_string(edge) + ")");
  }

  static constexpr std::uint32_t kForged = 40;
  static UdpAddress forged(std::uint32_t index) { return {IpAddress::v4(0x0909'0001U + index), 7'000}; }
  inline static const UdpAddress kHub{IpAddress::v4(0xC633'6401), 9899};
  inline static const UdpAddress kHostile{IpAddress::v4(0xC000'0242), 9899};

  const HostilePlan& plan_;
  World world_;
  SimRandom random_;
  Host& hub_;
  std::vector<Edge> edges_;
  std::set<sctp::AssociationId> honest_;
  crypto::PublicKey hostile_public_ = private_key_of(kHostileKey).public_key();
  std::optional<sctp::fuzz::HandMadePeer> peer_;
  std::optional<HostileStrikes> strikes_;
  sctp::AssociationId hostile_id_;
  bool hostile_up_ = false;
  bool attacking_ = true;
  HostileFigures figures_;
};

}  // namespace

HostileResult run_hostile_hub(const HostilePlan& plan, const Traces& traces) {
  return HubRun(plan, traces)();
}

}  // namespace hawser::sim
