#include "services/content/media.h"

#include <vips/vips.h>

#include <chrono>
#include <future>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/status.h"
#include "services/content/media_service.h"
#include "services/content/media_store.h"
#include "tests/services/content/worlds.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

using namespace std::string_literals;  // NOLINT
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A picture in the format that the suffix names, such as ".png".
std::string MakePicture(int width, int height, const char* suffix) {
  VipsImage* image = nullptr;
  if (vips_gaussnoise(&image, width, height, "mean", 128.0, "sigma", 10.0, nullptr) != 0) abort();
  VipsImage* bytes_image = nullptr;
  if (vips_cast(image, &bytes_image, VIPS_FORMAT_UCHAR, nullptr) != 0) abort();
  g_object_unref(image);
  void* data = nullptr;
  size_t size = 0;
  if (vips_image_write_to_buffer(bytes_image, suffix, &data, &size, nullptr) != 0) abort();
  std::string bytes(static_cast<const char*>(data), size);
  g_free(data);
  g_object_unref(bytes_image);
  return bytes;
}

// A PNG of that size that says nothing, in few bytes.
std::string MakeEmptyPng(int width, int height, VipsBandFormat format = VIPS_FORMAT_UCHAR) {
  VipsImage* black = nullptr;
  if (vips_black(&black, width, height, "bands", 4, nullptr) != 0) abort();
  VipsImage* image = nullptr;
  if (vips_cast(black, &image, format, nullptr) != 0) abort();
  g_object_unref(black);
  // By which the encoder knows how many bits to write.
  image->Type = format == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
  void* data = nullptr;
  size_t size = 0;
  if (vips_image_write_to_buffer(image, ".png", &data, &size, nullptr) != 0) abort();
  std::string bytes(static_cast<const char*>(data), size);
  g_free(data);
  g_object_unref(image);
  return bytes;
}

// A JPEG with a segment more, right after its start.
std::string WithSegment(std::string jpeg, char marker, const std::string& content) {
  const size_t size = content.size() + 2;
  const std::string segment =
      "\xFF"s + marker + static_cast<char>(size >> 8) + static_cast<char>(size & 255) + content;
  return jpeg.insert(2, segment);
}

class MediaTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool ready = (InitPictures(), true);
    ASSERT_TRUE(ready);
  }
};

TEST_F(MediaTest, EncodesEachWidthThatThePictureHas) {
  for (const char* suffix : {".png", ".jpg", ".webp"}) {
    const auto picture = EncodePicture(MakePicture(800, 400, suffix), "content");
    ASSERT_THAT(picture, IsOk()) << suffix;
    EXPECT_THAT(picture->media.variant_widths, ElementsAre(320, 640, 800)) << suffix;
    EXPECT_EQ(picture->media.width, 800);
    EXPECT_EQ(picture->media.height, 400);
    EXPECT_EQ(picture->media.content_type, "image/webp");
    for (const MediaVariant& variant : picture->variants) {
      EXPECT_THAT(variant.bytes, StartsWith("RIFF"));
    }
  }
}

TEST_F(MediaTest, ASmallPictureIsNotMadeLarger) {
  const auto picture = EncodePicture(MakePicture(100, 50, ".png"), "content");
  ASSERT_THAT(picture, IsOk());
  EXPECT_THAT(picture->media.variant_widths, ElementsAre(100));
}

TEST_F(MediaTest, IsNamedAfterWhatItBecame) {
  const std::string bytes = MakePicture(100, 50, ".png");
  EXPECT_EQ(EncodePicture(bytes, "content")->media.id, EncodePicture(bytes, "content")->media.id);
  EXPECT_NE(EncodePicture(bytes, "content")->media.id,
            EncodePicture(MakeEmptyPng(100, 50), "content")->media.id);
}

TEST_F(MediaTest, TurnsThePictureAndDropsWhatElseItSays) {
  // A description, and that the picture is to be turned.
  const std::string exif =
      "Exif\0\0MM\0*\0\0\0\x08\0\x02"
      "\x01\x0E\0\x02\0\0\0\x07\0\0\0\x26"
      "\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
      "\0\0\0\0secret\0"s;
  std::string jpeg = WithSegment(MakePicture(200, 100, ".jpg"), '\xFE', "52.5200 N 13.4050 E");
  jpeg = WithSegment(jpeg, '\xE1', exif);
  ASSERT_THAT(jpeg, HasSubstr("52.5200 N"));
  const auto picture = EncodePicture(jpeg, "content");
  ASSERT_THAT(picture, IsOk());
  EXPECT_EQ(picture->media.width, 100) << "turned by a quarter";
  EXPECT_EQ(picture->media.height, 200);
  for (const MediaVariant& variant : picture->variants) {
    for (const char* trace : {"52.5200 N", "secret"}) {
      EXPECT_EQ(variant.bytes.find(trace), std::string::npos) << trace;
    }
  }
}

TEST_F(MediaTest, RefusesWhatIsNoPictureThatWeTake) {
  const std::string png = MakePicture(100, 50, ".png");
  for (const std::string& bytes : {""s, "hello"s, "<svg xmlns='http://www.w3.org/2000/svg'/>"s,
                                   "%PDF-1.7"s, "\x89PNG\r\n\x1A\n"s, "RIFF\0\0\0\0WAVE"s,
                                   "GIF89a"s, png.substr(0, 40), "\xFF\xD8\xFF\xE0garbage"s}) {
    EXPECT_THAT(EncodePicture(bytes, "content").status(), HasReason("NOT_A_PICTURE"))
        << bytes.substr(0, 8);
  }
}

TEST_F(MediaTest, RefusesWhatWouldBeTooMuchBeforeItIsDecoded) {
  EXPECT_THAT(EncodePicture(std::string(kMaxPictureBytes + 1, 'x'), "content").status(),
              HasReason("TOO_LARGE"));
  const std::string bomb = MakeEmptyPng(8000, 6000);
  ASSERT_LT(bomb.size(), 1u << 20);
  EXPECT_THAT(EncodePicture(bomb, "content").status(), HasReason("TOO_MANY_PIXELS"));
  // Few enough, but of eight bytes each.
  const std::string deep = MakeEmptyPng(7000, 5000, VIPS_FORMAT_USHORT);
  EXPECT_THAT(EncodePicture(deep, "content").status(), HasReason("TOO_MANY_PIXELS"));
  EXPECT_THAT(EncodePicture(MakeEmptyPng(100, 20'000), "content").status(),
              HasReason("TOO_MANY_PIXELS"))
      << "WebP knows no such height";
}

TEST_F(MediaTest, IsStoredOnceAndServedInTheWidthThatFits) {
  PostgresWorld world;
  PostgresMediaStore store(world.database.pool);
  const EncodedPicture picture = EncodePicture(MakePicture(800, 400, ".png"), "content").value();
  ASSERT_THAT(store.Put(picture, kAnna, kNoon), IsOk());
  ASSERT_THAT(store.Put(picture, kBert, kNoon), IsOk());
  const auto served = [&](int width) { return store.Get(picture.media.id, width)->bytes; };
  EXPECT_EQ(served(0), picture.variants[2].bytes);
  EXPECT_EQ(served(5000), picture.variants[2].bytes);
  EXPECT_EQ(served(700), picture.variants[1].bytes);
  EXPECT_EQ(served(320), picture.variants[0].bytes);
  EXPECT_EQ(served(10), picture.variants[0].bytes);
  EXPECT_THAT(store.Get(kPhoto, 0).status(), HasReason("MEDIA_NOT_FOUND"));
}

class MediaServiceTest : public MediaTest, public GrpcTestServer {
 protected:
  MediaServiceTest() : GrpcTestServer("content") {
    Serve({&service_});
    stub_ = v1::MediaService::NewStub(channel());
  }
  ~MediaServiceTest() override { Stop(); }

  PostgresWorld world_;
  PostgresMediaStore store_{world_.database.pool};
  MediaService service_{store_, clock(), runtime()};
  std::unique_ptr<v1::MediaService::Stub> stub_;
};

TEST_F(MediaServiceTest, TakesManyAtOnceOneByOne) {
  InParallel(6, [&](int i) {
    v1::CreateMediaRequest create;
    create.mutable_content()->set_data(MakePicture(700 + i, 300, ".png"));
    v1::Media media;
    grpc::ClientContext author;
    AsAccount(author, kAnna, {"author"});
    EXPECT_THAT(FromGrpcStatus(stub_->CreateMedia(&author, create, &media)), IsOk());
    EXPECT_EQ(media.width(), 700 + i);
  });
}

TEST_F(MediaServiceTest, WhoWaitsTooLongIsToldToTryAgain) {
  GrpcTestServer server("content");
  MediaService impatient(store_, server.clock(), server.runtime(), absl::Milliseconds(20));
  server.Serve({&impatient});
  const auto stub = v1::MediaService::NewStub(server.channel());
  const auto create = [&](const std::string& bytes) {
    v1::CreateMediaRequest request;
    request.mutable_content()->set_data(bytes);
    v1::Media media;
    grpc::ClientContext author;
    server.AsAccount(author, kAnna, {"author"});
    return FromGrpcStatus(stub->CreateMedia(&author, request, &media));
  };
  const std::string large = MakePicture(3000, 2000, ".jpg");
  int busy = 0;
  for (int tries = 0; tries < 5 && busy == 0; ++tries) {
    auto encoded = std::async(std::launch::async, [&] { return create(large); });
    while (encoded.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      // Takes no time, if it is not made to wait.
      const absl::Status status = create("no picture");
      if (ReasonOf(status) == "BUSY") {
        EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
        ++busy;
      } else {
        EXPECT_THAT(status, HasReason("NOT_A_PICTURE"));
      }
    }
    const absl::Status status = encoded.get();
    EXPECT_TRUE(status.ok() || ReasonOf(status) == "BUSY") << status;
  }
  EXPECT_GT(busy, 0);
  server.Stop();
}

TEST_F(MediaServiceTest, AuthorsUploadEverybodySees) {
  v1::CreateMediaRequest create;
  create.mutable_content()->set_data(MakePicture(400, 300, ".jpg"));
  v1::Media media;
  grpc::ClientContext reader;
  AsAccount(reader, kBert);
  EXPECT_THAT(FromGrpcStatus(stub_->CreateMedia(&reader, create, &media)),
              HasReason("ROLE_REQUIRED"));
  grpc::ClientContext author;
  AsAccount(author, kAnna, {"author"});
  ASSERT_THAT(FromGrpcStatus(stub_->CreateMedia(&author, create, &media)), IsOk());

  v1::GetMediaRequest get;
  get.set_media_id(media.media_id());
  get.set_width(320);
  http::v1::HttpBody body;
  grpc::ClientContext anybody;
  AsAnonymous(anybody);
  ASSERT_THAT(FromGrpcStatus(stub_->GetMedia(&anybody, get, &body)), IsOk());
  EXPECT_EQ(body.content_type(), "image/webp");
  EXPECT_THAT(body.cache_control(), HasSubstr("immutable"));
  get.set_width(-1);
  grpc::ClientContext again;
  AsAnonymous(again);
  EXPECT_THAT(FromGrpcStatus(stub_->GetMedia(&again, get, &body)), HasViolation("width"));
}

}  // namespace
}  // namespace rostrum::content
