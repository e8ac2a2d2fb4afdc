#include "unit/sctp/support/wire_test_support.hpp"

namespace hawser::sctp::wire::testing {
namespace {

const IpAddress kV4 = IpAddress::v4(0xC0000201);
const IpAddress kV6 = IpAddress::parse("2001:db8::1").value();

ByteVector init(bool ack) {
  const ByteVector extensions = bytes_of({0xC0, 0xC1, 0x80, 0x0F, 0x10});
  const ByteVector list = bytes_of({0xC1, 0x80});
  const ByteVector hmacs = bytes_of({0, 3, 0, 1});
  const ByteVector random(32, std::byte{0x5A});
  InitParameters parameters;
  parameters.addresses.push_back(kV4);
  parameters.addresses.push_back(kV6);
  parameters.supported_extensions = ParameterView{.value = extensions};
  parameters.random = ParameterView{.value = random};
  parameters.chunk_list = ParameterView{.value = list};
  parameters.hmac_algorithms = ParameterView{.value = hmacs};
  parameters.adaptation_indication = 0x01020304;
  parameters.forward_tsn_supported = true;
  parameters.ecn_capable = true;
  if (ack) {
    parameters.cookie = ParameterView{.value = text("a stateless cookie")};
  } else {
    parameters.cookie_preservative = 5000;
  }
  const ByteVector inner = serialised(parameters);
  return serialised(InitChunk{ack, VerificationTag{0x11223344}, 131072, 10, 20, Tsn{0xFFFFFFF0}, inner});
}

ByteVector causes() {
  return written([](ByteWriter& writer) {
    InvalidStreamCause{StreamId{7}}.write(writer);
    StaleCookieCause{1234}.write(writer);
    NoUserDataCause{Tsn{99}}.write(writer);
    UnsupportedHmacCause{2}.write(writer);
    const ParameterType missing[] = {ParameterType::kStateCookie};
    MissingParameterCause::write(writer, missing);
    write_cause(writer, CauseCode::kUserInitiatedAbort, text("enough"));
  });
}

ByteVector asconf() {
  const ByteVector requests = written([](ByteWriter& writer) {
    AsconfRequest{ParameterType::kAddIpAddress, 1, IpAddress::any_v4()}.write(writer);
    AsconfRequest{ParameterType::kDeleteIpAddress, 2, kV6}.write(writer);
    AsconfRequest{ParameterType::kSetPrimaryAddress, 3, kV4}.write(writer);
  });
  return serialised(AsconfChunk{77, kV4, requests});
}

ByteVector asconf_ack() {
  const ByteVector responses = written([](ByteWriter& writer) {
    AsconfResponse{1, true, {}}.write(writer);
    AsconfResponse::write_error(writer, 2, CauseCode::kDeleteSourceAddress, text("the request"));
  });
  return serialised(AsconfAckChunk{77, responses});
}

ByteVector reconfig() {
  const std::uint16_t streams[] = {1, 2, 3};
  const ByteVector parameters = written([&](ByteWriter& writer) {
    OutgoingResetRequest::write(writer, {1, 2, 3, {}}, streams);
    IncomingResetRequest::write(writer, 4, streams);
    SsnTsnResetRequest{5}.write(writer);
    ReconfigResponse{6, ReconfigResult::kPerformed, ReconfigResponse::NextTsns{7, 8}}.write(writer);
    AddStreamsRequest{false, 9, 10}.write(writer);
    AddStreamsRequest{true, 11, 12}.write(writer);
  });
  return serialised(ReconfigChunk{parameters});
}

}  // namespace

std::vector<Sample> samples() {
  const GapBlock gaps[] = {{2, 3}, {5, 9}};
  const Tsn duplicates[] = {Tsn{100}, Tsn{101}};
  const SkippedStream streams[] = {{StreamId{1}, Ssn{2}}, {StreamId{3}, Ssn{4}}};
  const SkippedMessage messages[] = {{StreamId{1}, false, 2}, {StreamId{3}, true, 4}};
  const ByteVector digest(20, std::byte{9});
  const ByteVector error_causes = causes();
  const auto sack = [&](ByteWriter& w) { write_sack(w, {Tsn{1000}, 2000, 2}, gaps, duplicates); };
  const auto nr_sack = [&](ByteWriter& w) { write_nr_sack(w, {Tsn{1000}, 2000, 3}, gaps, gaps, duplicates); };
  const PathAckEntry acked[] = {{{Epoch{1}, RecordPathId{2}}, 300, 0x01020304, 0x05060708, 9, 10},
                                {{Epoch{1}, RecordPathId{3}}, 65'535, 0xFFFFFFFF, 0, 65'535, 0}};
  const auto path_ack = [&](ByteWriter& w) { write_path_ack(w, 0x0A0B0C0D, acked); };
  const auto forward = [&](ByteWriter& w) { ForwardTsnChunk::write(w, Tsn{50}, streams); };
  const auto i_forward = [&](ByteWriter& w) { IForwardTsnChunk::write(w, Tsn{50}, messages); };
  return {
      {"DATA",
       serialised(DataChunk{true, true, true, true, Tsn{1}, StreamId{2}, Ssn{3}, Ppid{4}, text("payload")}),
       16},
      {"INIT", init(false), 20},
      {"INIT ACK", init(true), 20},
      {"SACK", written(sack), 32},
      {"HEARTBEAT", serialised(HeartbeatChunk{false, text("a nonce of 18 byte")}), 26},
      {"HEARTBEAT ACK", serialised(HeartbeatChunk{true, text("a nonce of 18 byte")}), 26},
      {"ABORT", serialised(AbortChunk{true, error_causes}), 4},
      {"SHUTDOWN", serialised(ShutdownChunk{Tsn{42}}), 8},
      {"SHUTDOWN ACK", serialised(ShutdownAckChunk{}), 4},
      {"ERROR", serialised(ErrorChunk{error_causes}), 4},
      {"COOKIE ECHO", serialised(CookieEchoChunk{text("a stateless cookie")}), 4},
      {"COOKIE ACK", serialised(CookieAckChunk{}), 4},
      {"ECNE", serialised(EcneChunk{Tsn{42}}), 8},
      {"CWR", serialised(CwrChunk{Tsn{42}}), 8},
      {"SHUTDOWN COMPLETE", serialised(ShutdownCompleteChunk{true}), 4},
      {"AUTH", serialised(AuthChunk{1, 1, digest}), 8},
      {"NR-SACK", written(nr_sack), 44},
      {"I-DATA",
       serialised(IDataChunk{false, false, true, false, Tsn{1}, StreamId{2}, 3, 4, text("payload")}), 20},
      {"ASCONF-ACK", asconf_ack(), 8},
      {"RE-CONFIG", reconfig(), 4},
      {"PAD", serialised(PadChunk{9}), 4},
      {"PATH-ACK", written(path_ack), 24},
      {"FORWARD-TSN", written(forward), 8},
      {"ASCONF", asconf(), 16},
      {"I-FORWARD-TSN", written(i_forward), 8},
  };
}

}  // namespace hawser::sctp::wire::testing
