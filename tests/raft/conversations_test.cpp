// Plays the conversations in tests/raft/conversations/*.txt and compares what the nodes say with what the
// files say.
//
// A file is a list of scenes: a command, a line of dashes, what it leads to, an empty line. '#' begins a
// comment.
//   nodes n1 n2 n3 [learner n4]          who is a member; comes first
//   enter n1 [terms=1,1,4] [term=4]      n1 starts, with a log of these terms
//   tick n1 [ticks] | campaign n1        time passes; until it campaigns
//   propose n1 a b | read n1 7           a client asks
//   persist n1 [3]                       what it writes is durable, or only up to batch 3
//   deliver n1 n2 | drop n1 n2           the oldest message of the link arrives; all on the link are lost
//   isolate n1 | reconnect n1 | unreachable n1 n2
//   snapshot n1 5 4                      n1 snapshots index 5 and keeps the log from 4 on
//   settle                               everything is written and delivered until nothing moves
//   quietly COMMAND                      the same, without saying what was said
//   logs                                 the terms of all logs
// With TROUPE_REWRITE=1 the files are rewritten as the nodes speak now: read the difference before committing
// it.

#include "tests/raft/stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

namespace troupe::raft {
namespace {

class conversation {
public:
  std::string play(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string w; in >> w;)
      words.push_back(w);
    bool quietly = words.at(0) == "quietly";
    if (quietly) words.erase(words.begin());
    auto said = act(words);
    if (stage_) said = stage_->take_transcript() + said;
    return quietly ? "" : said;
  }

private:
  std::string act(const std::vector<std::string>& w) {
    auto& what = w.at(0);
    if (what == "nodes")
      members(w);
    else if (what == "enter")
      enter(w);
    else if (what == "tick")
      stage_->tick(w.at(1), w.size() > 2 ? static_cast<unsigned>(std::stoul(w[2])) : 1);
    else if (what == "campaign")
      stage_->campaign(w.at(1));
    else if (what == "propose")
      stage_->propose(w.at(1), {w.begin() + 2, w.end()});
    else if (what == "read")
      stage_->read(w.at(1), std::stoull(w.at(2)));
    else if (what == "persist")
      stage_->persist(w.at(1), w.size() > 2 ? std::stoull(w[2]) : UINT64_MAX);
    else if (what == "deliver")
      return stage_->deliver(w.at(1), w.at(2)) ? "" : "nothing on the way\n";
    else if (what == "drop")
      stage_->drop(w.at(1), w.at(2));
    else if (what == "isolate")
      stage_->isolate(w.at(1));
    else if (what == "reconnect")
      stage_->reconnect(w.at(1));
    else if (what == "unreachable")
      stage_->unreachable(w.at(1), w.at(2));
    else if (what == "snapshot")
      stage_->snapshot(w.at(1), std::stoull(w.at(2)), std::stoull(w.at(3)));
    else if (what == "settle")
      stage_->settle();
    else if (what == "logs")
      return logs();
    else
      throw std::runtime_error("unknown command: " + what);
    return "";
  }

  void members(const std::vector<std::string>& w) {
    std::vector<std::string> voters;
    std::vector<std::string> learners;
    for (std::size_t i = 1; i < w.size(); ++i) {
      if (w[i] == "learner")
        learners.push_back(w.at(++i));
      else
        voters.push_back(w[i]);
    }
    names_ = voters;
    names_.insert(names_.end(), learners.begin(), learners.end());
    stage_ = std::make_unique<stage>(voters, learners);
  }

  void enter(const std::vector<std::string>& w) {
    std::vector<std::uint64_t> terms{1};
    std::uint64_t term = 0;
    for (std::size_t i = 2; i < w.size(); ++i) {
      if (w[i].starts_with("terms=")) {
        terms.clear();
        std::istringstream in(w[i].substr(6));
        for (std::string t; std::getline(in, t, ',');)
          terms.push_back(std::stoull(t));
      } else if (w[i].starts_with("term=")) {
        term = std::stoull(w[i].substr(5));
      } else {
        throw std::runtime_error("unknown word: " + w[i]);
      }
    }
    stage_->enter(w.at(1), terms, term);
  }

  std::string logs() {
    std::string out;
    for (auto& name : names_) {
      out += name + ":";
      auto& a = stage_->at(name);
      if (a.before.value != 0) out += " (snapshot at " + std::to_string(a.before.value) + ")";
      for (auto t : stage_->log_terms(name))
        out += " " + std::to_string(t);
      out += "\n";
    }
    return out;
  }

  std::unique_ptr<stage> stage_;
  std::vector<std::string> names_;
};

/// The whole file as it should read, given what the nodes say now.
std::string replay(const std::string& text) {
  conversation c;
  std::istringstream in(text);
  std::string out;
  bool skipping = false; // what the file says they said
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) skipping = false;
    if (skipping) continue;
    out += line + "\n";
    if (line.empty() || line[0] == '#') continue;
    out += "----\n" + c.play(line);
    skipping = true;
  }
  return out;
}

std::filesystem::path folder() {
  auto* source = std::getenv("TROUPE_SOURCE_DIR");
  return std::filesystem::path(source ? source : ".") / "tests/raft/conversations";
}

std::vector<std::string> files() {
  std::vector<std::string> names;
  for (auto& f : std::filesystem::directory_iterator(folder()))
    if (f.path().extension() == ".txt") names.push_back(f.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(conversations, go_as_written) {
  auto names = files();
  ASSERT_GE(names.size(), 8u) << "conversations not found in " << folder();
  for (auto& name : names) {
    SCOPED_TRACE(name);
    auto path = folder() / (name + ".txt");
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    auto played = replay(text.str());
    if (std::getenv("TROUPE_REWRITE"))
      std::ofstream(path) << played;
    else
      EXPECT_EQ(text.str(), played);
  }
}

} // namespace
} // namespace troupe::raft
