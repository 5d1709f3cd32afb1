#include "http/response.h"

#include <utility>

#include "http/connection.h"

namespace http {

Response::Response(std::shared_ptr<Connection> connection, std::uint64_t number)
    : connection_(std::move(connection)), number_(number) {}

void Response::write_head(int status, const Headers& headers) {
  if (connection_->is_answering(number_)) connection_->write_head(status, headers);
}

bool Response::write(std::string_view part) {
  return connection_->is_answering(number_) && connection_->write(part);
}

void Response::end(std::string_view last) {
  if (connection_->is_answering(number_)) connection_->end(last);
}

void Response::on_drain(std::function<void()> callback) {
  if (connection_->is_answering(number_)) connection_->on_drain(std::move(callback));
}

void Response::on_close(std::function<void()> callback) {
  if (connection_->is_answering(number_)) connection_->on_close(std::move(callback));
}

}  // namespace http
