list(APPEND search_sources model_file.cpp passages.cpp use_kernels.cpp use_model.cpp use_network.cpp use_tokenizer.cpp)
