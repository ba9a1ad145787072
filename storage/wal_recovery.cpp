#include "storage/wal_recovery.hpp"

#include "base/deliberate_bug.hpp"
#include "storage/segment_scan.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace troupe::storage {

namespace {

constexpr std::size_t repair_step_bytes = 1u << 20;

std::string folder_above(const std::string& folder) {
  auto slash = folder.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : folder.substr(0, slash);
}

/// The files of the folder, by what they are.
struct file_list {
  std::vector<segment_info> chain; ///< the newest segments, without a gap between them
  std::vector<segment_info> stale; ///< older ones in front of a gap, left by a removal that was cut short
  std::vector<std::string> unfinished;
};

result<file_list> list_files(file_system& fs, const std::string& folder) {
  auto names = fs.list(folder);
  if (!names) return names.error();
  file_list files;
  for (auto& name : *names) {
    auto path = folder + "/" + name;
    if (name.ends_with(unfinished_suffix)) files.unfinished.push_back(path);
    if (!name.ends_with(".wal")) continue;
    auto info = parse_segment_name(name);
    if (!info) return error{errc::corrupt, path + ": offset 0: not the name of a segment"};
    info->path = path;
    files.chain.push_back(std::move(*info));
  }
  std::sort(files.chain.begin(), files.chain.end(), [](auto& a, auto& b) { return a.sequence < b.sequence; });
  for (auto i = files.chain.size(); i > 1; --i) {
    auto& later = files.chain[i - 1];
    auto& earlier = files.chain[i - 2];
    if (later.sequence == earlier.sequence)
      return error{errc::corrupt, later.path + ": offset 0: two segments have this sequence number"};
    if (later.sequence == earlier.sequence + 1) continue;
    auto gap = files.chain.begin() + static_cast<std::ptrdiff_t>(i - 1);
    files.stale.assign(files.chain.begin(), gap);
    files.chain.erase(files.chain.begin(), gap);
    break;
  }
  return files;
}

/// What a log can be at the end of any segment: it begins at most one entry behind its snapshot, and does not
/// end before it.
bool is_consistent(const segment_head& head) {
  return head.last.value < UINT64_MAX && head.snapshot.index <= head.last && head.first_kept &&
         head.first_kept <= head.snapshot.index + 1 && head.members_index <= head.last;
}

/// Reads the segments in order and adds their records up.
class replay {
public:
  replay(file_system& fs, const wal_options& options) : fs_(fs), options_(options) {}

  result<void> segment(const segment_info& info, bool is_newest);
  result<void> check_complete() const;
  result<void> repair(recovered_log& out);
  recovered_files take(recovered_log& out);

private:
  result<void> head(const segment_info& info, std::uint64_t file_bytes);
  result<void> records(bool is_newest);
  result<void> tail();
  result<void> apply(const frame& f);
  result<void> apply_entries(const frame& f);
  result<void> rewrite(log_position from, log_position to);
  error damage(log_position at, const std::string& what) const {
    return error{errc::corrupt, source_->place(at) + ": " + what};
  }
  log_position segment_end() const { return segment_.base + segment_.bytes; }

  file_system& fs_;
  const wal_options& options_;
  wal_state state_;
  std::vector<map_change> changes_;
  mark_maker marks_;
  std::deque<entry> newest_;
  std::size_t newest_bytes_ = 0;

  bool started_ = false;
  std::string first_path_;
  segment_info segment_; ///< the one being read
  std::optional<segment_source> source_;
  log_position end_ = 0;         ///< behind the last good record
  log_position synced_ = 0;      ///< highest claim of a good record
  log_position nonzero_end_ = 0; ///< end of the torn tail; end_ when there is none
  bool sealed_ = false;
};

result<void> replay::segment(const segment_info& info, bool is_newest) {
  auto content = fs_.open(info.path, is_newest ? open_mode::read_write : open_mode::read);
  if (!content) return content.error();
  auto bytes = (*content)->size();
  if (!bytes) return bytes.error();
  if (!started_) {
    first_path_ = info.path;
    char raw[frame_head_bytes] = {};
    auto got = (*content)->read(0, raw, sizeof raw);
    if (!got) return got.error();
    end_ = claimed_position(raw);
  }
  source_.emplace(std::move(*content), info.path, end_, options_.record_bytes_max);
  if (auto read = head(info, *bytes); !read) return read;
  started_ = true;
  sealed_ = false;
  marks_.end_run();
  changes_.push_back({map_change::kind::segment, {}, 0, segment_});
  return records(is_newest);
}

/// A segment gets its name when its head is durable, in a file that has its full size: anything else is
/// damage.
result<void> replay::head(const segment_info& info, std::uint64_t file_bytes) {
  if (file_bytes > UINT64_MAX - end_) return damage(end_, "the head of the segment is damaged");
  auto check = source_->at(end_, end_ + file_bytes);
  if (!check) return check.error();
  if (check->status == frame_status::unsupported)
    return error{errc::foreign, source_->place(end_) + ": written by a newer version"};
  if (check->status != frame_status::good || check->found.type != record_type::segment_head)
    return damage(end_, "the head of the segment is damaged");
  auto read = decode<segment_head>(check->found.body, "segment head");
  if (!read) return damage(end_, read.error().detail);
  if (read->sequence != info.sequence || read->previous_end != end_ || read->last + 1 != info.first)
    return damage(end_, "the head is of another segment");
  if (read->segment_bytes < check->found.bytes() || !is_consistent(*read))
    return damage(end_, "the head contradicts itself");
  if (file_bytes < read->segment_bytes) return damage(end_ + file_bytes, "the file was cut short");
  segment_ = info;
  segment_.base = end_;
  segment_.bytes = read->segment_bytes;

  if (!started_) {
    state_ = wal_state::from(*read);
  } else if (auto known = state_.head();
             read->last != known.last || read->first_kept != known.first_kept || read->hard != known.hard ||
             read->snapshot.index != known.snapshot.index || read->snapshot.term != known.snapshot.term) {
    return damage(end_, "the head contradicts the segments before");
  }
  synced_ = check->found.synced;
  end_ = check->found.end();
  return {};
}

result<void> replay::records(bool is_newest) {
  while (!sealed_) {
    auto check = source_->at(end_, segment_end());
    if (!check) return check.error();
    if (check->status == frame_status::unsupported)
      return error{errc::foreign, source_->place(end_) + ": written by a newer version"};
    if (check->status != frame_status::good) {
      if (!is_newest) return damage(end_, "bad record in a segment that is followed by another");
      return tail();
    }
    if (check->found.synced < synced_) return damage(end_, "the synced position goes back");
    if (auto applied = apply(check->found); !applied) return damage(end_, applied.error().detail);
    synced_ = check->found.synced;
    end_ = check->found.end();
  }
  nonzero_end_ = end_;
  return {};
}

/// Something else than a record follows the last good one: nothing, an unfinished write, or damage.
result<void> replay::tail() {
  auto witness = source_->find_witness(end_, segment_end());
  if (!witness) return witness.error();
  if (*witness)
    return damage(end_, "bad record, but the record at offset " +
                            std::to_string((*witness)->position - segment_.base) + " says it was synced");
  auto nonzero = source_->nonzero_end(end_, segment_end());
  if (!nonzero) return nonzero.error();
  nonzero_end_ = *nonzero;
  return {};
}

result<void> replay::apply(const frame& f) {
  switch (f.type) {
  case record_type::segment_head: return error{errc::corrupt, "a second head"};
  case record_type::entries: return apply_entries(f);
  case record_type::hard_state: {
    auto state = decode<hard_state>(f.body, "hard state");
    if (!state) return state.error();
    return state_.save(*state);
  }
  case record_type::truncate: {
    auto from = decode<index_t>(f.body, "truncation");
    if (!from) return from.error();
    if (auto removed = state_.truncate_suffix(*from); !removed) return removed;
    while (!newest_.empty() && newest_.back().index >= *from) {
      newest_bytes_ -= newest_.back().cost();
      newest_.pop_back();
    }
    changes_.push_back({map_change::kind::truncate, *from, 0, {}});
    marks_.end_run();
    return {};
  }
  case record_type::snapshot: {
    auto pointer = decode<snapshot_pointer>(f.body, "snapshot pointer");
    if (!pointer) return pointer.error();
    if (auto pointed = state_.point(*pointer); !pointed) return pointed;
    if (!pointer->reset) return {};
    newest_.clear();
    newest_bytes_ = 0;
    changes_.push_back({map_change::kind::truncate, index_t{}, 0, {}});
    marks_.end_run();
    return {};
  }
  case record_type::segment_end: sealed_ = true; return {};
  }
  return error{errc::corrupt, "a record of no known type"};
}

result<void> replay::apply_entries(const frame& f) {
  auto entries = decode<std::vector<entry>>(f.body, "entries");
  if (!entries) return entries.error();
  if (entries->empty()) return error{errc::corrupt, "entries: none"};
  marks_.note(entries->front().index, f.position, changes_);
  for (auto& e : *entries) {
    if (auto added = state_.append(e); !added) return added;
    newest_bytes_ += e.cost();
    newest_.push_back(std::move(e));
    while (newest_bytes_ > options_.recovered_tail_bytes_max && newest_.size() > 1) {
      newest_bytes_ -= newest_.front().cost();
      newest_.pop_front();
    }
  }
  return {};
}

/// Entries may be missing only where a snapshot pointer says that they are not needed.
result<void> replay::check_complete() const {
  if (!started_ || state_.missing_to() < state_.first_kept()) return {};
  return error{errc::corrupt, first_path_ + ": offset 0: the segments before it are missing, with entries " +
                                  std::to_string(state_.first_kept().value) + " to " +
                                  std::to_string(state_.missing_to().value)};
}

/// Makes the newest segment what it was read as. Written again: bytes that no record says were synced, since
/// after a failed sync the system may take pages for clean that never reached the disk. Zeros: the torn tail,
/// so that no record in it, good in itself, can follow on what is written next in front of it.
result<void> replay::repair(recovered_log& out) {
  if (!started_) return {};
  if (nonzero_end_ > end_) {
    out.torn_tail = true;
    out.notes += source_->place(end_) + ": unfinished write of " + std::to_string(nonzero_end_ - end_) +
                 " bytes cut off\n";
  }
  if (auto done = rewrite(std::max(synced_, segment_.base), end_); !done) return done;
  static const std::string zeros(repair_step_bytes, '\0');
  for (auto at = end_; at < nonzero_end_;) {
    auto count = std::min<std::uint64_t>(zeros.size(), nonzero_end_ - at);
    auto done = source_->content().write(at - segment_.base, std::string_view{zeros}.substr(0, count));
    if (!done) return done;
    at += count;
  }
  return source_->content().sync();
}

result<void> replay::rewrite(log_position from, log_position to) {
  std::string buffer;
  while (from < to) {
    buffer.resize(std::min<std::uint64_t>(repair_step_bytes, to - from));
    auto got = source_->content().read(from - segment_.base, buffer.data(), buffer.size());
    if (!got) return got.error();
    if (*got != buffer.size()) return error{errc::io_error, source_->place(from) + ": the file shrinks"};
    if (auto done = source_->content().write(from - segment_.base, buffer); !done) return done;
    from += buffer.size();
  }
  return {};
}

recovered_files replay::take(recovered_log& out) {
  out.state = state_.hard();
  if (deliberately(bug::forget_vote_at_restart)) out.state.vote = {};
  out.snapshot = state_.snapshot();
  out.members = state_.members();
  out.members_index = state_.members_index();
  out.memberships = state_.later_memberships();
  out.first = state_.first_kept();
  out.last = state_.last();
  out.term_runs = state_.term_runs();
  for (auto& e : newest_)
    if (e.index >= out.first) out.tail.push_back(std::move(e));
  recovered_files files;
  files.state = std::move(state_);
  files.changes = std::move(changes_);
  files.last = std::move(segment_);
  if (started_ && !sealed_) files.content = source_->release();
  files.end = end_;
  return files;
}

/// Removes what is not part of the log, and makes the names of all that is durable.
result<void> tidy(file_system& fs, const std::string& folder, const file_list& files, std::string& notes) {
  for (auto& segment : files.stale) {
    if (auto removed = fs.remove(segment.path); !removed) return removed;
    notes += segment.path + ": removed, its entries are covered by a snapshot\n";
  }
  for (auto& path : files.unfinished) {
    if (auto removed = fs.remove(path); !removed) return removed;
    notes += path + ": removed, it was never part of the log\n";
  }
  return fs.sync_folder(folder);
}

} // namespace

result<recovered_files> recover(file_system& fs, const wal_options& options, recovered_log& out) {
  if (auto made = fs.make_folder(options.folder); !made) return made.error();
  if (auto synced = fs.sync_folder(folder_above(options.folder)); !synced) return synced.error();
  auto files = list_files(fs, options.folder);
  if (!files) return files.error();
  if (files->chain.empty() && !options.create)
    return error{errc::corrupt, options.folder + ": offset 0: the log is missing"};

  replay log{fs, options};
  for (std::size_t i = 0; i < files->chain.size(); ++i)
    if (auto read = log.segment(files->chain[i], i + 1 == files->chain.size()); !read) return read.error();
  if (auto complete = log.check_complete(); !complete) return complete.error();
  if (auto repaired = log.repair(out); !repaired) return repaired.error();
  if (auto tidied = tidy(fs, options.folder, *files, out.notes); !tidied) return tidied.error();
  return log.take(out);
}

} // namespace troupe::storage
