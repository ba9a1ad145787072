// Embeds texts with the built-in model, for measurements that want real vectors. Usage: embed_texts MODEL
// TEXTS COUNT OUT: TEXTS has one a line; OUT gets the first passage's vector of each of the first COUNT as
// float32.

#include "search/use_model.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: embed_texts MODEL TEXTS COUNT OUT\n");
    return 1;
  }
  auto model = troupe::search::use_model::make(arguments[1]);
  if (!model) {
    std::fprintf(stderr, "embed_texts: %s\n", model.error().detail.c_str());
    return 1;
  }
  std::ifstream in{arguments[2]};
  std::ofstream out{arguments[4], std::ios::binary};
  auto wanted = std::strtoull(arguments[3], nullptr, 10);
  for (std::string line; wanted > 0 && std::getline(in, line); --wanted) {
    auto made = (*model)->embed(line);
    if (!made) continue;
    out.write(reinterpret_cast<const char*>(made->vectors.data()),
              static_cast<std::streamsize>((*model)->dimension() * sizeof(float)));
  }
  out.flush();
  if (!out) {
    std::fprintf(stderr, "embed_texts: cannot write %s\n", arguments[4]);
    return 1;
  }
  return 0;
}
