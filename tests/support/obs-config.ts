/** The files OBS 29 reads at start, so that no wizard opens and a scene streams at once. */

export function obsFiles({ server, key }: { server: string; key: string }): Record<string, string> {
  const profile = 'obs-studio/basic/profiles/test'
  return {
    'obs-studio/global.ini': GLOBAL,
    [`${profile}/basic.ini`]: BASIC,
    [`${profile}/streamEncoder.json`]: JSON.stringify({
      ...{
        rate_control: 'CBR',
        bitrate: 800,
        keyint_sec: 2,
        preset: 'veryfast',
        profile: 'main',
        tune: 'zerolatency',
      },
      x264opts: 'threads=1',
    }),
    [`${profile}/service.json`]: JSON.stringify({
      type: 'rtmp_custom',
      settings: { server, key, use_auth: false, bwtest: false },
    }),
    'obs-studio/basic/scenes/test.json': JSON.stringify(SCENES),
  }
}

const GLOBAL = `[General]
FirstRun=true
LastVersion=486539266
InfoIncrement=999
EnableAutoUpdates=false
ConfirmOnExit=false
Language=en-US

[Basic]
Profile=test
ProfileDir=test
SceneCollection=test
SceneCollectionFile=test
ConfigOnNewProfile=false

[BasicWindow]
PreviewEnabled=false
SysTrayEnabled=false
WarnBeforeStartingStream=false
WarnBeforeStoppingStream=false

[OBSWebSocket]
FirstLoad=false
ServerEnabled=false
`

const BASIC = `[General]
Name=test

[Video]
BaseCX=640
BaseCY=360
OutputCX=640
OutputCY=360
FPSType=0
FPSCommon=30

[Audio]
SampleRate=48000
ChannelSetup=Stereo

[Output]
Mode=Advanced
Reconnect=true
RetryDelay=1
MaxRetries=25

[AdvOut]
TrackIndex=1
Encoder=obs_x264
ApplyServiceSettings=false
UseRescale=false
Track1Bitrate=128
`

const PLACE = {
  ...{
    visible: true,
    locked: false,
    scale: { x: 1, y: 1 },
    rot: 0,
    align: 5,
    bounds_type: 0,
    bounds_align: 0,
  },
  ...{ bounds: { x: 0, y: 0 }, crop_left: 0, crop_top: 0, crop_right: 0, crop_bottom: 0 },
}

const SCENES = {
  ...{
    name: 'test',
    current_scene: 'Scene',
    current_program_scene: 'Scene',
    scene_order: [{ name: 'Scene' }],
  },
  ...{ current_transition: 'Cut', transition_duration: 300, transitions: [], quick_transitions: [] },
  sources: [
    {
      ...{ id: 'color_source', versioned_id: 'color_source_v3', name: 'bg', enabled: true, mixers: 0 },
      settings: { color: 4286611584, width: 640, height: 360 },
    },
    {
      ...{
        id: 'text_ft2_source',
        versioned_id: 'text_ft2_source_v2',
        name: 'label',
        enabled: true,
        mixers: 0,
      },
      settings: { text: 'OBS', font: { face: 'DejaVu Sans', style: 'Bold', size: 48, flags: 1 } },
    },
    {
      ...{ id: 'scene', versioned_id: 'scene', name: 'Scene', enabled: true, mixers: 0 },
      settings: {
        ...{ id_counter: 2, custom_size: false },
        items: [
          { ...PLACE, name: 'bg', id: 1, pos: { x: 0, y: 0 } },
          { ...PLACE, name: 'label', id: 2, pos: { x: 40, y: 150 } },
        ],
      },
    },
  ],
}
