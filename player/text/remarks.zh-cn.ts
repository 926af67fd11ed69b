/** 拒绝与警告的说明，设置名称与 OBS 简体中文界面一致。 */
import type { RemarkCode, RemarkText } from './remarks.en.ts'

export const remarksZhCn: Record<RemarkCode, RemarkText> = {
  source_malformed: {
    what: '收到的内容不是可读取的直播流，请停止后重新开始直播。',
    where: '设置 → 输出 → 视频编码器：x264 或 NVENC H.264',
  },
  video_codec_unsupported: {
    what: '视频不是 H.264，部分观众无法观看。',
    where: '设置 → 输出 → 视频编码器：x264 或 NVENC H.264',
  },
  video_unreadable: {
    what: '画面的颜色格式无法使用。',
    where: '设置 → 高级 → 视频 → 颜色格式：NV12',
  },
  resolution_too_high: {
    what: '画面尺寸超过服务器允许的上限。',
    where: '设置 → 视频 → 输出 (缩放) 分辨率：1920×1080 或更低',
  },
  bitrate_too_high: {
    what: '码率超过服务器允许的上限。',
    where: '设置 → 输出 → 视频码率：6000 Kbps 或更低',
  },
  no_keyframe: {
    what: '没有收到关键帧，观众无法开始观看。',
    where: '设置 → 输出 → 输出模式：高级 → 直播 → 关键帧间隔：2 秒',
  },
  capacity_exceeded: {
    what: '服务器目前无法再承载一路直播，请稍后再试，或联系服务器管理员。',
    where: null,
  },
  encoder_failed: {
    what: '服务器无法转换此信号，请更换编码器。',
    where: '设置 → 输出 → 视频编码器：x264；再到 设置 → 高级 → 视频 → 颜色格式：NV12',
  },
  keyframe_interval_long: {
    what: '每 {seconds} 秒才有一个关键帧，观众要等很久才看到画面，请设为 2 秒。',
    where: '设置 → 输出 → 输出模式：高级 → 直播 → 关键帧间隔：2 秒',
  },
  frame_rate_variable: {
    what: '帧率不稳定，画面可能不流畅。',
    where: '设置 → 视频 → 常用帧率：30 或 60',
  },
  b_frames: {
    what: '视频含有 B 帧，观众看到的画面会更晚一些。',
    where: '设置 → 输出 → 输出模式：高级 → 直播 → 微调（Tune）：zerolatency（x264），或 最大B帧：0',
  },
  audio_not_48khz: {
    what: '声音的采样率不是 48 kHz，需要转换。',
    where: '设置 → 音频 → 采样率：48 kHz',
  },
  audio_codec_unsupported: {
    what: '观众听不到声音：音频不是 AAC。',
    where: '设置 → 输出 → 音频编码器：AAC',
  },
  encoding_unavailable: {
    what: '服务器暂时无法接收新的直播。您的信号没有问题，请一分钟后再试。',
    where: null,
  },
  too_many_messages: {
    what: '编码器发送的消息远多于正常直播流。请重启编码器；若再次出现，请换用其他编码器。',
    where: null,
  },
  picture_empty: {
    what: '画面已有一段时间全黑或为单一颜色。请检查是否选择了正确的场景，来源是否可见。',
    where: null,
  },
  audio_silent: {
    what: '已有一段时间没有声音，可能是某处被静音。',
    where: '设置 → 音频 → 全局音频设备：选择正在使用的麦克风，并检查混音器中的扬声器图标',
  },
  clock_fast: {
    what: '直播流的时间快于实际时间，画面会不时跳过约一秒。请重启 OBS，并以 100% 速度播放视频素材。',
    where: '设置 → 视频 → 常用帧率：与摄像头一致',
  },
  clock_slow: {
    what: '直播流到达得比实际时间慢，观众的画面会停住。上行网络或电脑性能不足，建议使用网线。',
    where: '设置 → 输出 → 视频码率：调低；或 设置 → 视频 → 输出 (缩放) 分辨率：调低',
  },
  preset_lowered: {
    what: '服务器处理能力紧张，画面会略微粗糙。您的信号没有问题。',
    where: null,
  },
}
