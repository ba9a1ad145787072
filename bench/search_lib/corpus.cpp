#include "bench/search_lib/corpus.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

namespace troupe::bench {

namespace {

/// A line of roff without requests, fonts and escapes.
void append_plain(std::string& out, std::string_view line) {
  if (line.starts_with(".\\\"") || line.starts_with("'\\\"")) return;
  if (line.starts_with('.')) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return;
    line.remove_prefix(space + 1);
  }
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      out += line[i];
      continue;
    }
    if (++i == line.size()) break;
    switch (line[i]) {
    case 'f': i += i + 1 < line.size() && line[i + 1] == '(' ? 3 : 1; break;
    case '(': i += 2; break;
    case '-': out += '-'; break;
    default: break;
    }
  }
  out += '\n';
}

std::string unzipped(const std::filesystem::path& file) {
  const auto command = "zcat '" + file.string() + "'";
  std::string raw;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) return raw;
  char buffer[1 << 16];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe.get())) > 0;)
    raw.append(buffer, n);
  return raw;
}

struct word_at {
  std::size_t begin;
  std::size_t end;
};

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Words of plain letters, two and more.
std::vector<word_at> words_of(const std::string& text) {
  std::vector<word_at> words;
  for (std::size_t i = 0; i < text.size();) {
    auto end = i;
    while (end < text.size() && letter(text[end]))
      ++end;
    const bool alone = (i == 0 || text[i - 1] == ' ') && (end == text.size() || text[end] == ' ');
    if (end - i >= 2 && alone) words.push_back({i, end});
    i = std::max(end, i + 1);
  }
  return words;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

class asker {
public:
  asker(const std::vector<std::string>& texts, std::uint64_t seed) : texts_(texts), random_(seed) {}

  question words(std::size_t count) {
    pick(count);
    question q;
    for (; count > 0; --count) {
      auto w = at(random_.below(words_.size()));
      q.ours += (q.ours.empty() ? "" : " ") + w;
      q.theirs += (q.theirs.empty() ? "\"" : " AND \"") + w + '"';
    }
    return q;
  }
  question phrase(std::size_t count) {
    for (;;) {
      pick(count);
      const auto first = random_.below(words_.size() - count + 1);
      bool together = true;
      for (std::size_t i = 1; i < count; ++i)
        together &= words_[first + i].begin == words_[first + i - 1].end + 1;
      if (!together) continue;
      std::string text;
      for (std::size_t i = 0; i < count; ++i)
        text += (i == 0 ? "" : " ") + at(first + i);
      return {'"' + text + '"', '"' + text + '"'};
    }
  }
  question prefix() {
    for (;;) {
      pick(1);
      auto w = at(random_.below(words_.size()));
      if (w.size() < 3) continue;
      // Of three letters and more a beginning is its own stem in both stemmers' eyes.
      w.resize(std::min<std::size_t>(w.size(), 3 + random_.below(2)));
      return {w + "*", '"' + w + "\"*"};
    }
  }

private:
  void pick(std::size_t words) {
    do {
      text_ = &texts_[random_.below(texts_.size())];
      words_ = words_of(*text_);
    } while (words_.size() < words);
  }
  std::string at(std::size_t i) const {
    return lower(text_->substr(words_[i].begin, words_[i].end - words_[i].begin));
  }

  const std::vector<std::string>& texts_;
  dice random_;
  const std::string* text_ = nullptr;
  std::vector<word_at> words_;
};

} // namespace

std::vector<std::string> wordnet_glosses(const std::string& folder, std::size_t count_max) {
  std::vector<std::string> glosses;
  for (auto* part : {"noun", "verb", "adj", "adv"}) {
    std::ifstream in(folder + "/data." + part);
    for (std::string line; std::getline(in, line) && glosses.size() < count_max;) {
      const auto bar = line.find("| ");
      if (line.starts_with(' ') || bar == std::string::npos) continue;
      auto gloss = line.substr(bar + 2);
      gloss.erase(gloss.find_last_not_of(' ') + 1);
      glosses.push_back(std::move(gloss));
    }
  }
  return glosses;
}

std::vector<std::string> manual_pages(const std::string& folder, std::size_t count_max) {
  constexpr std::size_t bytes_min = 2048;
  std::vector<std::filesystem::path> files;
  for (auto section = '1'; section <= '8'; ++section) {
    std::error_code problem;
    for (auto& entry : std::filesystem::directory_iterator(folder + "/man" + section, problem))
      if (entry.is_regular_file(problem) && entry.path().extension() == ".gz" &&
          entry.path().string().find('\'') == std::string::npos)
        files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> pages;
  for (auto& file : files) {
    if (pages.size() == count_max) break;
    const auto raw = unzipped(file);
    std::string plain;
    for (std::size_t from = 0; from < raw.size();) {
      const auto to = std::min(raw.find('\n', from), raw.size());
      append_plain(plain, std::string_view(raw).substr(from, to - from));
      from = to + 1;
    }
    if (plain.size() >= bytes_min) pages.push_back(std::move(plain));
  }
  return pages;
}

std::vector<question_kind> questions_about(const std::vector<std::string>& texts, std::size_t count,
                                           std::uint64_t seed) {
  asker ask(texts, seed);
  std::vector<question_kind> kinds{
      {"one word", {}}, {"two words", {}}, {"three words", {}}, {"phrase", {}}, {"prefix", {}}};
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t words = 1; words <= 3; ++words)
      kinds[words - 1].questions.push_back(ask.words(words));
    kinds[3].questions.push_back(ask.phrase(2 + i % 2));
    kinds[4].questions.push_back(ask.prefix());
  }
  return kinds;
}

} // namespace troupe::bench
