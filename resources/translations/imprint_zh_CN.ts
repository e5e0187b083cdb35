<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN">
<context>
    <name>AddonList</name>
    <message>
        <source>Trained files</source>
        <translation>训练结果</translation>
    </message>
    <message>
        <source>Nothing was trained yet.</source>
        <translation>还没有训练过。</translation>
    </message>
</context>
<context>
    <name>AddonRow</name>
    <message>
        <source>Weight of {0}</source>
        <translation>{0} 的权重</translation>
    </message>
    <message>
        <source>Put it into the prompt</source>
        <translation>加到提示词里</translation>
    </message>
    <message>
        <source>for {0}</source>
        <translation>适用于 {0}</translation>
    </message>
</context>
<context>
    <name>Attendant</name>
    <message>
        <source>Imprint: training, {0} %</source>
        <translation>Imprint：训练中，{0} %</translation>
    </message>
    <message>
        <source>Show Imprint</source>
        <translation>显示 Imprint</translation>
    </message>
    <message>
        <source>Stop and save</source>
        <translation>停止并保存</translation>
    </message>
</context>
<context>
    <name>BatchBar</name>
    <message>
        <source>Find and replace</source>
        <translation>查找并替换</translation>
    </message>
    <message>
        <source>Find</source>
        <translation>查找</translation>
    </message>
    <message>
        <source>Replace by</source>
        <translation>替换为</translation>
    </message>
    <message>
        <source>Add in front</source>
        <translation>加在最前</translation>
    </message>
    <message>
        <source>Words</source>
        <translation>文字</translation>
    </message>
    <message>
        <source>Add at the end</source>
        <translation>加在最后</translation>
    </message>
    <message>
        <source>Remove a tag</source>
        <translation>删除标签</translation>
    </message>
    <message>
        <source>Tag</source>
        <translation>标签</translation>
    </message>
    <message>
        <source>Shuffle tags, keep the first</source>
        <translation>打乱标签，保留前</translation>
    </message>
    <message>
        <source>The same caption for all</source>
        <translation>全部使用同一描述</translation>
    </message>
    <message>
        <source>Caption</source>
        <translation>描述</translation>
    </message>
    <message>
        <source>Change of captions</source>
        <translation>批量修改描述</translation>
    </message>
    <message>
        <source>Tags that stay in front</source>
        <translation>固定在前面的标签数</translation>
    </message>
    <message>
        <source>Apply</source>
        <translation>应用</translation>
    </message>
    <message>
        <source>changes {0} of {1}</source>
        <translation>将修改 {0} / {1} 条</translation>
    </message>
</context>
<context>
    <name>CaptionDialog</name>
    <message>
        <source>Have captions written</source>
        <translation>自动生成描述</translation>
    </message>
    <message>
        <source>Choose its folder…</source>
        <translation>选择它的文件夹…</translation>
    </message>
    <message>
        <source>Put “{0}” in front of each</source>
        <translation>在每条描述前加上“{0}”</translation>
    </message>
    <message>
        <source>Write</source>
        <translation>开始生成</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Use these captions</source>
        <translation>采用这些描述</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>The model broke down. This is a fault of ours, not of yours.</source>
        <translation>模型出错了。这是程序的问题，不是您的问题。</translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) without a caption</source>
        <translation>
            <numerusform>%n 张没有描述的图片</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n selected picture(s)</source>
        <translation>
            <numerusform>选中的 %n 张图片</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>All %n picture(s), anew</source>
        <translation>
            <numerusform>全部 %n 张图片，重新生成</numerusform>
        </translation>
    </message>
    <message>
        <source>Looking at the model…</source>
        <translation>正在查看模型…</translation>
    </message>
    <message>
        <source>No model is chosen yet.</source>
        <translation>尚未选择模型。</translation>
    </message>
    <message>
        <source>Folder of a caption model</source>
        <translation>描述模型的文件夹</translation>
    </message>
    <message>
        <source>captions by a model</source>
        <translation>模型生成的描述</translation>
    </message>
    <message>
        <source>Pictures to describe</source>
        <translation>要描述的图片</translation>
    </message>
    <message>
        <source>Pictures described</source>
        <translation>已描述的图片</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>Caption</source>
        <translation>描述</translation>
    </message>
    <message>
        <source>Captions, to be changed</source>
        <translation>描述（可修改）</translation>
    </message>
    <message>
        <source>A model of the kinds BLIP, GIT or ViT-GPT2 that you have as a folder. Nothing leaves this computer; the captions are only used when you say so.</source>
        <translation>使用您已有的 BLIP、GIT 或 ViT-GPT2 模型文件夹。任何内容都不会离开这台电脑；只有您确认后才会采用这些描述。</translation>
    </message>
</context>
<context>
    <name>CaptionEditor</name>
    <message>
        <source>{0} / {1} tokens</source>
        <translation>{0} / {1} 个词元</translation>
    </message>
    <message>
        <source>Remove the tag {0}</source>
        <translation>删除标签 {0}</translation>
    </message>
</context>
<context>
    <name>CaptionsPage</name>
    <message>
        <source>Describe your pictures</source>
        <translation>描述图片</translation>
    </message>
    <message>
        <source>Say what changes from picture to picture; the trigger word stands for what stays.</source>
        <translation>写出各张图片之间不同的内容；不变的部分由触发词代表。</translation>
    </message>
    <message>
        <source>What a caption names, the model leaves out of the new word: “on a red sofa” keeps the sofa out of your cat.</source>
        <translation>描述里写到的东西，模型不会算进新词里：写上“在红沙发上”，沙发就不会变成猫的一部分。</translation>
    </message>
    <message>
        <source>Have a model write them; I look at them before the training</source>
        <translation>由模型生成，我在训练前检查一遍</translation>
    </message>
    <message>
        <source>Have a model write them (first choose one on the images page)</source>
        <translation>由模型生成（请先在“图片”页选择模型）</translation>
    </message>
    <message>
        <source>I will write them myself, on the images page</source>
        <translation>我自己在图片页面写</translation>
    </message>
    <message>
        <source>The same short caption for all: “{0}”</source>
        <translation>全部使用同一句简短描述：“{0}”</translation>
    </message>
    <message>
        <source>I have captions in text files: found {0} of {1}</source>
        <translation>我有文本文件里的描述：找到 {0} / {1}</translation>
    </message>
</context>
<context>
    <name>CardOffer</name>
    <message>
        <source>Open NVIDIA&apos;s page</source>
        <translation>打开 NVIDIA 驱动页面</translation>
    </message>
    <message>
        <source>Start Imprint anew</source>
        <translation>重新启动 Imprint</translation>
    </message>
    <message>
        <source>Not now</source>
        <translation>以后再说</translation>
    </message>
    <message>
        <source>The driver of this card, {0}, is too old to train on it: {1} or newer is needed. Until then the processor does the work.</source>
        <translation>这块显卡的驱动 {0} 太旧，无法用来训练：需要 {1} 或更新的版本。在此之前由处理器运算。</translation>
    </message>
    <message>
        <source>Imprint can train and draw on this card, which is much faster than the processor. The part that it needs for that is fetched once, from PyTorch and NVIDIA: {0}.</source>
        <translation>Imprint 可以用这块显卡训练和出图，比处理器快得多。所需的组件只需下载一次，来自 PyTorch 和 NVIDIA：{0}。</translation>
    </message>
    <message>
        <source>Unpacking, and trying it on this computer: some minutes…</source>
        <translation>正在解压，并在这台电脑上试运行，需要几分钟…</translation>
    </message>
    <message>
        <source>It is here and it works. Imprint uses the card from its next start.</source>
        <translation>组件已就绪，试运行正常。下次启动时 Imprint 就会使用这块显卡。</translation>
    </message>
    <message>
        <source>What has arrived is kept. Until then the processor does the work.</source>
        <translation>已下载的部分会保留。在此之前由处理器运算。</translation>
    </message>
</context>
<context>
    <name>CheckDesk</name>
    <message>
        <source>A training is running. Check when it has ended.</source>
        <translation>正在训练，结束后再检查。</translation>
    </message>
</context>
<context>
    <name>Closing</name>
    <message>
        <source>Training is still running</source>
        <translation>训练仍在进行</translation>
    </message>
    <message>
        <source>Training is still running.</source>
        <translation>训练仍在进行。</translation>
    </message>
    <message>
        <source>Nothing is lost: it can be continued later.</source>
        <translation>什么都不会丢失：以后可以继续。</translation>
    </message>
    <message>
        <source>Keep training in the background</source>
        <translation>在后台继续训练</translation>
    </message>
    <message>
        <source>Keep training, minimised</source>
        <translation>最小化并继续训练</translation>
    </message>
    <message>
        <source>Stop and save, then quit</source>
        <translation>停止并保存，然后退出</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
</context>
<context>
    <name>CompareView</name>
    <message>
        <source>The chosen image</source>
        <translation>选中的图片</translation>
    </message>
</context>
<context>
    <name>DatasetPanel</name>
    <message>
        <source>Images</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>Add pictures…</source>
        <translation>添加图片…</translation>
    </message>
    <message>
        <source>Choose a folder…</source>
        <translation>选择文件夹…</translation>
    </message>
    <message>
        <source>Have captions written…</source>
        <translation>自动生成描述…</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>重做</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>图片</translation>
    </message>
    <message numerus="yes">
        <source>, %n left out</source>
        <translation>
            <numerusform>，%n 张不参与训练</numerusform>
        </translation>
    </message>
    <message>
        <source>Copying pictures into the project…</source>
        <translation>正在将图片复制到项目中…</translation>
    </message>
    <message>
        <source>caption of {0}</source>
        <translation>{0} 的描述</translation>
    </message>
    <message>
        <source>Undo: {0} (Ctrl+Z)</source>
        <translation>撤销：{0}（Ctrl+Z）</translation>
    </message>
    <message>
        <source>No pictures yet. Drop them here.</source>
        <translation>还没有图片。把图片拖到这里。</translation>
    </message>
    <message>
        <source>Folder of pictures</source>
        <translation>图片文件夹</translation>
    </message>
    <message>
        <source>Reading pictures… {0} of {1}</source>
        <translation>正在读取图片… {0} / {1}</translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s)</source>
        <translation>
            <numerusform>%n 张图片</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DoctorDialog</name>
    <message>
        <source>Check this computer</source>
        <translation>检查这台电脑</translation>
    </message>
    <message>
        <source>Begins as soon as the engine is free…</source>
        <translation>引擎空闲后就开始…</translation>
    </message>
    <message>
        <source>Copy for a report</source>
        <translation>复制检查结果</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Looks at this computer and tries it in small…</source>
        <translation>正在检查这台电脑，并做一次小型试运行…</translation>
    </message>
    <message>
        <source>All is well.</source>
        <translation>一切正常。</translation>
    </message>
    <message>
        <source>Something needs your hand; the line says what.</source>
        <translation>有需要您处理的问题，见对应的那一行。</translation>
    </message>
    <message>
        <source>The check broke down. This is a fault of ours, not of yours.</source>
        <translation>检查中途出错了。这是程序的问题，不是您的问题。</translation>
    </message>
    <message>
        <source>Parts looked at</source>
        <translation>检查进度</translation>
    </message>
    <message>
        <source>What is copied names no person and no place on this computer.</source>
        <translation>复制的内容不含任何个人信息，也不含本机路径。</translation>
    </message>
</context>
<context>
    <name>DownloadRow</name>
    <message>
        <source>Download</source>
        <translation>下载</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Waiting…</source>
        <translation>等待中…</translation>
    </message>
    <message>
        <source>Paused at {0} of {1}</source>
        <translation>已暂停：{0} / 共 {1}</translation>
    </message>
    <message>
        <source>Stopped at {0} of {1}; what arrived is kept.</source>
        <translation>停在 {0} / 共 {1}；已下载的部分会保留。</translation>
    </message>
    <message>
        <source>{0} of {1} · {2} a second</source>
        <translation>{0} / 共 {1} · 每秒 {2}</translation>
    </message>
</context>
<context>
    <name>DropArea</name>
    <message>
        <source>8 to 30 good pictures beat 200 mixed ones.</source>
        <translation>8 到 30 张好图片，胜过 200 张参差不齐的。</translation>
    </message>
</context>
<context>
    <name>FindingList</name>
    <message>
        <source>Show</source>
        <translation>查看</translation>
    </message>
    <message>
        <source>Leave out</source>
        <translation>不参与训练</translation>
    </message>
    <message>
        <source>Keep the best of each</source>
        <translation>每组只留最好的</translation>
    </message>
    <message>
        <source>Add the trigger word</source>
        <translation>补上触发词</translation>
    </message>
    <message>
        <source>Add more</source>
        <translation>再添加一些</translation>
    </message>
    <message>
        <source>Use it for the new pictures</source>
        <translation>用于新图片</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>What is worth knowing</source>
        <translation>值得留意的事</translation>
    </message>
</context>
<context>
    <name>FirstResult</name>
    <message>
        <source>It worked. Click the moment that looks best.</source>
        <translation>成功了。点一下看起来最好的那个时刻。</translation>
    </message>
    <message>
        <source>Try it in the gallery</source>
        <translation>到图库里试试</translation>
    </message>
    <message>
        <source>Install…</source>
        <translation>安装…</translation>
    </message>
    <message>
        <source>Show the file</source>
        <translation>显示文件</translation>
    </message>
    <message>
        <source>step {0}</source>
        <translation>第 {0} 步</translation>
    </message>
    <message>
        <source>Take the state of step {0}</source>
        <translation>采用第 {0} 步的状态</translation>
    </message>
    <message>
        <source>Writing the state of step {0}…</source>
        <translation>正在写入第 {0} 步的状态…</translation>
    </message>
    <message>
        <source>The file holds the state of step {0}.</source>
        <translation>文件里是第 {0} 步的状态。</translation>
    </message>
    <message>
        <source>The file still holds the state of step {0}.</source>
        <translation>文件里仍是第 {0} 步的状态。</translation>
    </message>
</context>
<context>
    <name>FirstTraining</name>
    <message>
        <source>First training</source>
        <translation>第一次训练</translation>
    </message>
    <message>
        <source>Leave the first training?</source>
        <translation>要离开第一次训练吗？</translation>
    </message>
    <message>
        <source>What you entered is kept as a project. You can go on with it on the pages.</source>
        <translation>已填写的内容会保存为项目，可以在各页面上继续。</translation>
    </message>
    <message>
        <source>Keep and leave</source>
        <translation>保留并离开</translation>
    </message>
    <message>
        <source>Stay here</source>
        <translation>留在这里</translation>
    </message>
    <message>
        <source>Add your pictures</source>
        <translation>添加图片</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>下一步</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>上一步</translation>
    </message>
    <message>
        <source>Start training</source>
        <translation>开始训练</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
</context>
<context>
    <name>GalleryPanel</name>
    <message>
        <source>Gallery</source>
        <translation>图库</translation>
    </message>
    <message>
        <source>Grid…</source>
        <translation>网格对比…</translation>
    </message>
    <message>
        <source>Take them back</source>
        <translation>撤销删除</translation>
    </message>
    <message>
        <source>Stop drawing</source>
        <translation>停止生成</translation>
    </message>
    <message>
        <source>starred</source>
        <translation>已加星标</translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) to the bin.</source>
        <translation>
            <numerusform>%n 张图片已移到回收站。</numerusform>
        </translation>
    </message>
    <message>
        <source>Taken from {0}.</source>
        <translation>已从 {0} 读取。</translation>
    </message>
    <message>
        <source>{0} says nothing about how it was made.</source>
        <translation>{0} 没有记录生成信息。</translation>
    </message>
    <message>
        <source>Not set: {0}.</source>
        <translation>未能设置：{0}。</translation>
    </message>
    <message>
        <source>Search: words, seed:42, lora:my-cat, star</source>
        <translation>搜索：文字、seed:42、lora:my-cat、star</translation>
    </message>
    <message>
        <source>Search the images</source>
        <translation>搜索图片</translation>
    </message>
    <message>
        <source>Generated images</source>
        <translation>生成的图片</translation>
    </message>
    <message>
        <source>Install…</source>
        <translation>安装…</translation>
    </message>
    <message>
        <source>Imprint crashed while drawing.</source>
        <translation>Imprint 在生成图片时崩溃了。</translation>
    </message>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n 张图片</numerusform>
        </translation>
    </message>
    <message>
        <source>No images yet. Type a prompt and press Generate.</source>
        <translation>还没有图片。输入提示词，然后按“生成”。</translation>
    </message>
    <message>
        <source>Progress of the images</source>
        <translation>图片生成进度</translation>
    </message>
</context>
<context>
    <name>GalleryViewer</name>
    <message>
        <source>Star (S)</source>
        <translation>星标（S）</translation>
    </message>
    <message>
        <source>Copy image</source>
        <translation>复制图片</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>To the bin (Del)</source>
        <translation>移到回收站（Del）</translation>
    </message>
    <message>
        <source>Before: base model</source>
        <translation>之前：基础模型</translation>
    </message>
    <message>
        <source>After: with the trained file</source>
        <translation>之后：加上训练结果</translation>
    </message>
    <message>
        <source>Use of this image…</source>
        <translation>沿用这张图片的……</translation>
    </message>
    <message>
        <source>its settings</source>
        <translation>全部设置</translation>
    </message>
    <message>
        <source>only the prompt</source>
        <translation>仅提示词</translation>
    </message>
    <message>
        <source>only the seed</source>
        <translation>仅种子</translation>
    </message>
    <message>
        <source>copy the prompt</source>
        <translation>复制提示词</translation>
    </message>
    <message>
        <source>Side by side</source>
        <translation>并排</translation>
    </message>
    <message>
        <source>Slider</source>
        <translation>滑动对比</translation>
    </message>
    <message>
        <source>Hover</source>
        <translation>悬停对比</translation>
    </message>
</context>
<context>
    <name>GridDialog</name>
    <message>
        <source>Which strength and which step is best?</source>
        <translation>哪个强度、哪一步最好？</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>步数</translation>
    </message>
    <message>
        <source>Strengths</source>
        <translation>强度</translation>
    </message>
    <message>
        <source>Draw the grid</source>
        <translation>画网格</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>No run has kept a state to draw with.</source>
        <translation>没有保存了状态的训练可用。</translation>
    </message>
    <message numerus="yes">
        <source>%n image(s), with the prompt and the seed of the page.</source>
        <translation>
            <numerusform>%n 张图片，使用页面上的提示词和种子。</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>HelpDialog</name>
    <message>
        <source>Help</source>
        <translation>帮助</translation>
    </message>
</context>
<context>
    <name>HomePanel</name>
    <message>
        <source>Teach it something new</source>
        <translation>教它一点新东西</translation>
    </message>
    <message>
        <source>A guide asks for your pictures and what it is; the rest is filled in.</source>
        <translation>向导会问你要图片、问它是什么，其余的都已填好。</translation>
    </message>
    <message>
        <source>Begin</source>
        <translation>开始</translation>
    </message>
    <message>
        <source>Choose a folder of pictures…</source>
        <translation>选择图片文件夹…</translation>
    </message>
    <message>
        <source>Try the sample project</source>
        <translation>试试示例项目</translation>
    </message>
    <message>
        <source>Go to the training</source>
        <translation>前往训练</translation>
    </message>
    <message>
        <source>Warming up the engine…</source>
        <translation>正在预热引擎…</translation>
    </message>
    <message>
        <source>Starter model: bundled, works offline on any computer. It draws small emoji-like pictures and nothing else.</source>
        <translation>入门模型：随程序附带，在任何电脑上都能离线使用。它只会画类似表情符号的小图。</translation>
    </message>
    <message>
        <source>Check this computer…</source>
        <translation>检查这台电脑…</translation>
    </message>
    <message>
        <source>Use the graphics card…</source>
        <translation>使用显卡…</translation>
    </message>
    <message>
        <source>The sample: six pictures of a cat character that the starter model has never seen. Its first training takes a few minutes.</source>
        <translation>示例：六张小猫角色的图片，入门模型从未见过它。第一次训练只需几分钟。</translation>
    </message>
    <message numerus="yes">
        <source>%n run(s) so far</source>
        <translation>
            <numerusform>已训练 %n 次</numerusform>
        </translation>
    </message>
    <message>
        <source>Open now</source>
        <translation>当前打开</translation>
    </message>
    <message>
        <source>This computer</source>
        <translation>这台电脑</translation>
    </message>
    <message>
        <source>Go on with</source>
        <translation>继续之前的项目</translation>
    </message>
</context>
<context>
    <name>Inspector</name>
    <message>
        <source>The chosen picture</source>
        <translation>选中的图片</translation>
    </message>
    <message>
        <source>Turn left (Ctrl+L)</source>
        <translation>向左转（Ctrl+L）</translation>
    </message>
    <message>
        <source>Turn right (Ctrl+R)</source>
        <translation>向右转（Ctrl+R）</translation>
    </message>
    <message>
        <source>Mirror</source>
        <translation>左右翻转</translation>
    </message>
    <message>
        <source>Crop (C)</source>
        <translation>裁剪（C）</translation>
    </message>
    <message>
        <source>As the file is</source>
        <translation>恢复原样</translation>
    </message>
    <message>
        <source>Leave out of the training</source>
        <translation>不参与训练</translation>
    </message>
    <message>
        <source>Crop</source>
        <translation>裁剪</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Trained as: {0}</source>
        <translation>训练时的文字：{0}</translation>
    </message>
    <message>
        <source>crop</source>
        <translation>裁剪</translation>
    </message>
    <message>
        <source>turn left</source>
        <translation>向左转</translation>
    </message>
    <message>
        <source>turn right</source>
        <translation>向右转</translation>
    </message>
    <message>
        <source>mirror</source>
        <translation>左右翻转</translation>
    </message>
    <message>
        <source>take back all edits</source>
        <translation>恢复原样</translation>
    </message>
    <message>
        <source>leave out</source>
        <translation>不参与训练</translation>
    </message>
    <message>
        <source>take in again</source>
        <translation>重新参与训练</translation>
    </message>
    <message>
        <source>repeats</source>
        <translation>重复次数</translation>
    </message>
    <message>
        <source>How often this picture counts</source>
        <translation>这张图片重复几次</translation>
    </message>
</context>
<context>
    <name>InstallDialog</name>
    <message>
        <source>Install into another program</source>
        <translation>安装到其他程序</translation>
    </message>
    <message>
        <source>Choose its folder…</source>
        <translation>选择它的文件夹…</translation>
    </message>
    <message>
        <source>Link instead of copying, where the disk is the same</source>
        <translation>在同一磁盘上时用链接代替复制</translation>
    </message>
    <message>
        <source>Copy the words</source>
        <translation>复制这些文字</translation>
    </message>
    <message>
        <source>Replace the file that is there</source>
        <translation>替换那里的文件</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Train it on another model</source>
        <translation>换个模型训练</translation>
    </message>
    <message>
        <source>Install</source>
        <translation>安装</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>{0} is not a folder of a program that Imprint knows.</source>
        <translation>{0} 不是 Imprint 认识的程序文件夹。</translation>
    </message>
    <message>
        <source>Choose the folder of AUTOMATIC1111, Forge, ComfyUI, InvokeAI or SD.Next.</source>
        <translation>请选择 AUTOMATIC1111、Forge、ComfyUI、InvokeAI 或 SD.Next 的文件夹。</translation>
    </message>
    <message>
        <source>the starter model</source>
        <translation>入门模型</translation>
    </message>
    <message>
        <source>{0} · for {1}</source>
        <translation>{0} · 适用于 {1}</translation>
    </message>
    <message>
        <source>No program was found in the usual places.</source>
        <translation>在常见位置没有找到程序。</translation>
    </message>
    <message>
        <source>Goes to: {0}</source>
        <translation>将放到：{0}</translation>
    </message>
    <message>
        <source>It was there already, byte for byte.</source>
        <translation>那里已有完全相同的文件。</translation>
    </message>
    <message>
        <source>Installed, opened again and compared: it is the file that was trained.</source>
        <translation>已安装，并重新打开比对过：就是训练出来的文件。</translation>
    </message>
    <message>
        <source>It is as it was before.</source>
        <translation>已恢复原状。</translation>
    </message>
    <message>
        <source>Folder of the program</source>
        <translation>程序的文件夹</translation>
    </message>
    <message>
        <source>Name there</source>
        <translation>在那里的名称</translation>
    </message>
    <message>
        <source>Where will you use it?</source>
        <translation>要在哪里使用？</translation>
    </message>
</context>
<context>
    <name>Leaving</name>
    <message>
        <source>Finishing the current step, then closing…</source>
        <translation>完成当前步后关闭…</translation>
    </message>
</context>
<context>
    <name>LossChart</name>
    <message>
        <source>Chart of the loss</source>
        <translation>损失曲线</translation>
    </message>
    <message>
        <source>No steps yet</source>
        <translation>还没有训练步</translation>
    </message>
    <message>
        <source>Loss {0:.4f} at step {1}, from {2:.4f} at the start</source>
        <translation>第 {1} 步的损失为 {0:.4f}，开始时为 {2:.4f}</translation>
    </message>
    <message>
        <source>; likeness {0:.2f} at step {1}</source>
        <translation>；第 {1} 步相似度 {0:.2f}</translation>
    </message>
</context>
<context>
    <name>LossPlot</name>
    <message>
        <source>Likeness</source>
        <translation>相似度</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Warming up…</source>
        <translation>正在预热…</translation>
    </message>
    <message>
        <source>Folder of pictures</source>
        <translation>图片文件夹</translation>
    </message>
    <message>
        <source>Training is running</source>
        <translation>正在训练</translation>
    </message>
    <message>
        <source>Stop the training first.</source>
        <translation>请先停止训练。</translation>
    </message>
</context>
<context>
    <name>MessageStrip</name>
    <message>
        <source>Continue the run</source>
        <translation>继续这次训练</translation>
    </message>
    <message>
        <source>Use the last good state</source>
        <translation>使用最后的正常状态</translation>
    </message>
    <message>
        <source>Add pictures</source>
        <translation>添加图片</translation>
    </message>
    <message>
        <source>Choose a model</source>
        <translation>选择模型</translation>
    </message>
    <message>
        <source>Use the starter model</source>
        <translation>使用入门模型</translation>
    </message>
    <message>
        <source>Check this run</source>
        <translation>检查这次训练</translation>
    </message>
    <message>
        <source>Start anyway</source>
        <translation>仍然开始</translation>
    </message>
    <message>
        <source>Show me the setting</source>
        <translation>转到该设置</translation>
    </message>
    <message>
        <source>Show what takes room</source>
        <translation>查看占用空间的内容</translation>
    </message>
    <message>
        <source>Show the folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>Set the file aside</source>
        <translation>移开该文件</translation>
    </message>
    <message>
        <source>Pause until it has cooled</source>
        <translation>暂停至降温</translation>
    </message>
    <message>
        <source>What is new</source>
        <translation>更新内容</translation>
    </message>
    <message>
        <source>What helps?</source>
        <translation>怎么解决？</translation>
    </message>
    <message>
        <source>Copy this message</source>
        <translation>复制这条消息</translation>
    </message>
    <message>
        <source>Close this message</source>
        <translation>关闭这条消息</translation>
    </message>
    <message>
        <source>A field holds at most {0} characters; the rest was left out.</source>
        <translation>每个输入框最多容纳 {0} 个字符，超出部分已舍去。</translation>
    </message>
</context>
<context>
    <name>MethodCard</name>
    <message>
        <source>Effect</source>
        <translation>效果</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>显存</translation>
    </message>
    <message>
        <source>Does not fit as it is; it would with {2}: about {0:.1f} of {1:.1f} GiB.</source>
        <translation>按原设置放不下；采用{2}即可：约 {0:.1f} / {1:.1f} GiB。</translation>
    </message>
    <message>
        <source>Does not fit: {0:.1f} GiB needed, {1:.1f} free.</source>
        <translation>放不下：需要 {0:.1f} GiB，空闲 {1:.1f} GiB。</translation>
    </message>
    <message>
        <source>Tight, so slower: about {0:.1f} of {1:.1f} GiB.</source>
        <translation>较紧张，会慢一些：约 {0:.1f} / {1:.1f} GiB。</translation>
    </message>
    <message>
        <source>Fits: about {0:.1f} of {1:.1f} GiB free memory.</source>
        <translation>放得下：约占空闲内存 {0:.1f} / {1:.1f} GiB。</translation>
    </message>
    <message>
        <source>Measured on the starter model: likeness gained {gain:.2f} ± {spread:.2f}, {seconds:.2f} s a step, {memory:.0f} MiB of memory, file {file}.</source>
        <translation>在入门模型上实测：相似度提高 {gain:.2f} ± {spread:.2f}，每步 {seconds:.2f} 秒，内存 {memory:.0f} MiB，文件 {file}。</translation>
    </message>
    <message>
        <source>Not recommended</source>
        <translation>不推荐</translation>
    </message>
    <message>
        <source>Recommended</source>
        <translation>推荐</translation>
    </message>
</context>
<context>
    <name>MethodPage</name>
    <message>
        <source>Choose a method</source>
        <translation>选择训练方法</translation>
    </message>
    <message>
        <source>LoRA is right for most people.</source>
        <translation>LoRA 适合大多数人。</translation>
    </message>
    <message>
        <source>A LoRA is a small file beside the model. DreamBooth changes the whole model: the strongest likeness, a large file. Textual Inversion learns one word only.</source>
        <translation>LoRA 是模型之外的小文件。DreamBooth 会改动整个模型：最像，但文件很大。Textual Inversion 只学一个词。</translation>
    </message>
    <message>
        <source>recommended</source>
        <translation>推荐</translation>
    </message>
    <message>
        <source>not recommended</source>
        <translation>不推荐</translation>
    </message>
    <message>
        <source>Quality or time</source>
        <translation>质量或时间</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>Quality</source>
        <translation>质量</translation>
    </message>
    <message>
        <source>Quick</source>
        <translation>快速</translation>
    </message>
    <message>
        <source>Balanced</source>
        <translation>均衡</translation>
    </message>
    <message>
        <source>Thorough</source>
        <translation>精细</translation>
    </message>
    <message>
        <source>{0}: {1} steps</source>
        <translation>{0}：{1} 步</translation>
    </message>
</context>
<context>
    <name>MethodPanel</name>
    <message>
        <source>Method</source>
        <translation>方法</translation>
    </message>
    <message>
        <source>Use the starter model</source>
        <translation>使用入门模型</translation>
    </message>
    <message>
        <source>Choose a model file…</source>
        <translation>选择模型文件…</translation>
    </message>
    <message>
        <source>Show all settings</source>
        <translation>显示全部设置</translation>
    </message>
    <message>
        <source>Base model</source>
        <translation>基础模型</translation>
    </message>
    <message>
        <source>Models (*.safetensors *.ckpt);;All files (*)</source>
        <translation>模型 (*.safetensors *.ckpt);;所有文件 (*)</translation>
    </message>
    <message>
        <source>No setting has these words.</source>
        <translation>没有包含这些词的设置。</translation>
    </message>
    <message>
        <source>Preset taken: {0}</source>
        <translation>已套用预设：{0}</translation>
    </message>
    <message>
        <source>Starter model (bundled)</source>
        <translation>入门模型（随程序附带）</translation>
    </message>
    <message>
        <source>Draws small emoji-like pictures of animals, food, faces and everyday things on a plain background; no people, scenes or photographs. What is taught to it fits only this model.</source>
        <translation>只能在纯色背景上画小幅的表情符号风格图片：动物、食物、表情和日常物品；画不了人物、场景和照片。教给它的内容只适用于这个模型。</translation>
    </message>
    <message>
        <source>Used where it lies; nothing is copied.</source>
        <translation>在原位置使用，不会复制。</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Find a setting</source>
        <translation>查找设置</translation>
    </message>
</context>
<context>
    <name>ModelPage</name>
    <message>
        <source>Choose a base model</source>
        <translation>选择基础模型</translation>
    </message>
    <message>
        <source>The model your training builds on.</source>
        <translation>训练以这个模型为基础。</translation>
    </message>
    <message>
        <source>The result fits the kind of model that it was trained on. For your own front end, choose the model that you use there. The starter model needs nothing and is quick; it draws small emoji-like pictures only.</source>
        <translation>训练结果只适用于同类模型。要在自己的绘图程序里使用，请选择那里用的模型。入门模型无需下载、速度快，但只能画小幅的表情符号风格图片。</translation>
    </message>
    <message>
        <source>Add a file…</source>
        <translation>添加文件…</translation>
    </message>
    <message>
        <source>Starter model</source>
        <translation>入门模型</translation>
    </message>
    <message>
        <source>bundled, nothing to download</source>
        <translation>随程序附带，无需下载</translation>
    </message>
    <message>
        <source>Used where it lies; nothing is copied.</source>
        <translation>在原处使用，不会复制。</translation>
    </message>
    <message>
        <source>What it learns fits only this model; a front end needs one trained on its own model. Such models can be downloaded on the page “Models”.</source>
        <translation>学到的内容只适用于这个模型；绘图程序需要用它自己的模型训练。可以在“模型”页下载这样的模型。</translation>
    </message>
    <message>
        <source>Model file</source>
        <translation>模型文件</translation>
    </message>
    <message>
        <source>Models (*.safetensors *.ckpt);;All files (*)</source>
        <translation>模型 (*.safetensors *.ckpt);;所有文件 (*)</translation>
    </message>
</context>
<context>
    <name>ModelsPanel</name>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Add a file…</source>
        <translation>添加文件…</translation>
    </message>
    <message>
        <source>Scan a folder…</source>
        <translation>扫描文件夹…</translation>
    </message>
    <message>
        <source>I have read the licences and keep to them</source>
        <translation>我已阅读许可协议并会遵守</translation>
    </message>
    <message>
        <source>Looking through {0}…</source>
        <translation>正在扫描 {0}…</translation>
    </message>
    <message numerus="yes">
        <source>%n model(s) on this computer</source>
        <translation>
            <numerusform>本机有 %n 个模型</numerusform>
        </translation>
    </message>
    <message>
        <source>Found {0}, used in place; left out {1}.</source>
        <translation>找到 {0} 个，原地使用；忽略 {1} 个。</translation>
    </message>
    <message>
        <source>Not a model to train on:</source>
        <translation>不能作为基础模型：</translation>
    </message>
    <message>
        <source>Where is it now?</source>
        <translation>它现在在哪里？</translation>
    </message>
    <message>
        <source>Model file</source>
        <translation>模型文件</translation>
    </message>
    <message>
        <source>Folder with models</source>
        <translation>存放模型的文件夹</translation>
    </message>
    <message>
        <source>Read the licence first, then tick that you keep to it.</source>
        <translation>请先阅读许可协议，再勾选同意。</translation>
    </message>
    <message>
        <source>Models (*.safetensors *.ckpt);;All files (*)</source>
        <translation>模型 (*.safetensors *.ckpt);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Mirror address</source>
        <translation>镜像地址</translation>
    </message>
    <message>
        <source>Mirror address, if the hub cannot be reached</source>
        <translation>连不上模型站时使用的镜像地址</translation>
    </message>
    <message>
        <source>On this computer</source>
        <translation>本机模型</translation>
    </message>
    <message>
        <source>Recommended</source>
        <translation>推荐下载</translation>
    </message>
</context>
<context>
    <name>MonitorPanel</name>
    <message>
        <source>Training</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>Start training</source>
        <translation>开始训练</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Save now</source>
        <translation>立即保存</translation>
    </message>
    <message>
        <source>Sample now</source>
        <translation>立即采样</translation>
    </message>
    <message>
        <source>Stop and save</source>
        <translation>停止并保存</translation>
    </message>
    <message>
        <source>Nothing is training.</source>
        <translation>当前没有训练。</translation>
    </message>
    <message>
        <source>Getting ready…</source>
        <translation>正在准备…</translation>
    </message>
    <message>
        <source>Finishing the current step, then saving…</source>
        <translation>完成当前这一步后保存…</translation>
    </message>
    <message>
        <source>Paused at step {0}. Nothing is lost.</source>
        <translation>已在第 {0} 步暂停。不会丢失任何内容。</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>队列</translation>
    </message>
    <message>
        <source>Add at least one picture.</source>
        <translation>请至少添加一张图片。</translation>
    </message>
    <message>
        <source>{0} is ready</source>
        <translation>{0} 已就绪</translation>
    </message>
    <message>
        <source>{0} steps in {1}</source>
        <translation>{0} 步，用时 {1}</translation>
    </message>
    <message>
        <source>Settings of this run</source>
        <translation>本次训练的设置</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>概览</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>History</source>
        <translation>历史</translation>
    </message>
    <message>
        <source>What is shown of the training</source>
        <translation>训练信息的视图</translation>
    </message>
    <message>
        <source>Training… step {0} of {1} · about {2} left (finishes {3})</source>
        <translation>训练中… 第 {0} 步，共 {1} 步 · 还需约 {2}（{3} 完成）</translation>
    </message>
    <message>
        <source>left out</source>
        <translation>已略过</translation>
    </message>
    <message>
        <source>went back</source>
        <translation>已回退</translation>
    </message>
    <message>
        <source>Training progress, {0} percent, {1} left</source>
        <translation>训练进度，百分之 {0}，剩余 {1}</translation>
    </message>
    <message>
        <source>Stopped and saved at step {0}.</source>
        <translation>已在第 {0} 步停止并保存。</translation>
    </message>
    <message>
        <source>Saved at step {0}.</source>
        <translation>已在第 {0} 步保存。</translation>
    </message>
    <message>
        <source>Finished after {0} steps.</source>
        <translation>{0} 步训练已完成。</translation>
    </message>
    <message>
        <source>It worked. The trained file is ready.</source>
        <translation>成功了。训练好的文件已就绪。</translation>
    </message>
    <message>
        <source>Stopped by a problem.</source>
        <translation>遇到问题，已停止。</translation>
    </message>
    <message>
        <source>Imprint made a mistake.</source>
        <translation>Imprint 出错了。</translation>
    </message>
    <message>
        <source>Imprint crashed while training. The last checkpoint is safe.</source>
        <translation>Imprint 在训练时崩溃了。上一个检查点完好无损。</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Report for a bug</source>
        <translation>问题报告</translation>
    </message>
    <message>
        <source>Pausing after this step…</source>
        <translation>完成这一步后暂停…</translation>
    </message>
    <message>
        <source>Training progress</source>
        <translation>训练进度</translation>
    </message>
</context>
<context>
    <name>OfferRow</name>
    <message>
        <source>about {0} · licence: {1} · not tried here by us</source>
        <translation>约 {0} · 许可：{1} · 我们尚未亲自试过</translation>
    </message>
    <message>
        <source>Checking the file…</source>
        <translation>正在校验文件…</translation>
    </message>
    <message>
        <source>Here, and whole: its sha256 is the hub&apos;s.</source>
        <translation>已下载完整：sha256 与模型站一致。</translation>
    </message>
</context>
<context>
    <name>Palette</name>
    <message>
        <source>What do you want to do?</source>
        <translation>想做什么？</translation>
    </message>
    <message>
        <source>Type what you want</source>
        <translation>输入想做的事</translation>
    </message>
    <message>
        <source>What can be done now</source>
        <translation>现在可以做的事</translation>
    </message>
</context>
<context>
    <name>PictureBrowser</name>
    <message>
        <source>Pictures</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>Worth knowing</source>
        <translation>值得留意</translation>
    </message>
    <message>
        <source>leave out</source>
        <translation>不参与训练</translation>
    </message>
    <message>
        <source>Cut for the training: {0}</source>
        <translation>训练时裁成：{0}</translation>
    </message>
    <message>
        <source>not read yet</source>
        <translation>尚未读取</translation>
    </message>
    <message>
        <source>caption missing</source>
        <translation>没有描述</translation>
    </message>
    <message>
        <source>not usable</source>
        <translation>无法使用</translation>
    </message>
    <message>
        <source>left out</source>
        <translation>不参与</translation>
    </message>
    <message>
        <source>duplicate</source>
        <translation>重复</translation>
    </message>
    <message>
        <source>blurred?</source>
        <translation>模糊？</translation>
    </message>
    <message>
        <source>small</source>
        <translation>偏小</translation>
    </message>
    <message>
        <source>cropped</source>
        <translation>已裁剪</translation>
    </message>
    <message>
        <source>mask</source>
        <translation>蒙版</translation>
    </message>
    <message>
        <source>no caption</source>
        <translation>无描述</translation>
    </message>
    <message>
        <source>keep the best of each</source>
        <translation>每组只留最好的</translation>
    </message>
    <message>
        <source>add the trigger word</source>
        <translation>补上触发词</translation>
    </message>
    <message>
        <source>what was set before</source>
        <translation>之前的设置</translation>
    </message>
    <message>
        <source>Filter: words, is:blurred</source>
        <translation>筛选：文字、is:blurred</translation>
    </message>
    <message>
        <source>Words of the caption or the name; no:caption, is:blurred, size:&lt;512</source>
        <translation>描述或文件名里的文字；也可写 no:caption、is:blurred、size:&lt;512</translation>
    </message>
    <message>
        <source>Filter of the pictures</source>
        <translation>筛选图片</translation>
    </message>
    <message>
        <source>Clear the filter</source>
        <translation>清除筛选</translation>
    </message>
    <message>
        <source>By name</source>
        <translation>按名称</translation>
    </message>
    <message>
        <source>Newest first</source>
        <translation>最新的在前</translation>
    </message>
    <message>
        <source>Largest first</source>
        <translation>最大的在前</translation>
    </message>
    <message>
        <source>By caption</source>
        <translation>按描述</translation>
    </message>
    <message>
        <source>Order of the pictures</source>
        <translation>图片排序</translation>
    </message>
    <message>
        <source>Size of the thumbnails</source>
        <translation>缩略图大小</translation>
    </message>
    <message>
        <source>Pictures read</source>
        <translation>已读取的图片</translation>
    </message>
</context>
<context>
    <name>PicturesPage</name>
    <message>
        <source>Add your pictures</source>
        <translation>添加图片</translation>
    </message>
    <message>
        <source>8 to 30 good pictures beat 200 mixed ones.</source>
        <translation>8 到 30 张好图胜过 200 张参差不齐的。</translation>
    </message>
    <message>
        <source>Different poses, grounds and light teach what stays the same. Blurred pictures teach blur. Your pictures stay where they are; Imprint only reads them.</source>
        <translation>不同的姿势、背景和光线能让模型学会不变的部分。模糊的图片会教出模糊。图片留在原处，Imprint 只读取它们。</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>Choose a folder…</source>
        <translation>选择文件夹…</translation>
    </message>
    <message>
        <source>Choose pictures…</source>
        <translation>选择图片…</translation>
    </message>
    <message>
        <source>Use the sample pictures</source>
        <translation>使用示例图片</translation>
    </message>
    <message>
        <source>Use pictures you may use. For a real person, ask them.</source>
        <translation>请使用你有权使用的图片。如果是真人，请先征得同意。</translation>
    </message>
    <message>
        <source>Copying the pictures…</source>
        <translation>正在复制图片…</translation>
    </message>
    <message>
        <source>These are the sample&apos;s pictures, so that you can go on at once. Drop your own here, or paste them.</source>
        <translation>这些是示例图片，可以马上继续。也可以把自己的图片拖到这里或粘贴进来。</translation>
    </message>
    <message>
        <source>Add at least one picture.</source>
        <translation>请至少添加一张图片。</translation>
    </message>
    <message>
        <source>Only a few pictures: it works, but the result copies them.</source>
        <translation>图片较少：可以训练，但结果会照搬它们。</translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s)</source>
        <translation>
            <numerusform>%n 张图片</numerusform>
        </translation>
    </message>
    <message>
        <source>Folder of pictures</source>
        <translation>图片文件夹</translation>
    </message>
</context>
<context>
    <name>PresetMenu</name>
    <message>
        <source>Presets</source>
        <translation>预设</translation>
    </message>
    <message>
        <source>Save as preset…</source>
        <translation>存为预设…</translation>
    </message>
    <message>
        <source>Open a preset file…</source>
        <translation>打开预设文件…</translation>
    </message>
    <message>
        <source>Save to a file…</source>
        <translation>保存到文件…</translation>
    </message>
    <message>
        <source>Save as preset</source>
        <translation>存为预设</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>预设</translation>
    </message>
    <message>
        <source>Presets (*{0})</source>
        <translation>预设 (*{0})</translation>
    </message>
</context>
<context>
    <name>QueueDesk</name>
    <message>
        <source>It belongs to another project: wait until the training has ended.</source>
        <translation>它属于另一个项目：请等训练结束。</translation>
    </message>
    <message>
        <source>Left out, since its project is no longer there: {0}</source>
        <translation>已跳过，因为所属项目已不存在：{0}</translation>
    </message>
    <message>
        <source>The settings shown before are set aside in the queue.</source>
        <translation>页面上原来的设置已暂存到队列中。</translation>
    </message>
    <message>
        <source>{0} was stopped by a problem.</source>
        <translation>{0} 因出现问题而停止。</translation>
    </message>
    <message>
        <source>Imprint made a mistake while training {0}.</source>
        <translation>Imprint 在训练 {0} 时出错。</translation>
    </message>
</context>
<context>
    <name>QueueList</name>
    <message>
        <source>Add the run that is set on the pages</source>
        <translation>把当前设置加入队列</translation>
    </message>
    <message>
        <source>Start the queue</source>
        <translation>开始队列</translation>
    </message>
    <message>
        <source>No run waits. What is added keeps the settings of now, and begins when the run before it has ended.</source>
        <translation>队列为空。加入的训练会保留此刻的设置，并在前一个训练结束后开始。</translation>
    </message>
    <message numerus="yes">
        <source>%n run(s) will follow, one after the other.</source>
        <translation>
            <numerusform>还有 %n 个训练将依次进行。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n run(s) wait.</source>
        <translation>
            <numerusform>%n 个训练在等待。</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QueueRow</name>
    <message numerus="yes">
        <source>%n step(s)</source>
        <translation>
            <numerusform>%n 步</numerusform>
        </translation>
    </message>
    <message>
        <source>Its settings are no longer possible.</source>
        <translation>它的设置已不可用。</translation>
    </message>
    <message>
        <source>It cannot be shown: {0}</source>
        <translation>无法显示：{0}</translation>
    </message>
    <message>
        <source>Its project is no longer there. Open it in its new folder.</source>
        <translation>它所属的项目已不在原处。请在项目现在的位置打开它。</translation>
    </message>
    <message>
        <source>Set aside: it is kept, but not trained until it is added again.</source>
        <translation>已暂存：会保留，但重新加入队列之前不会训练。</translation>
    </message>
    <message>
        <source>Earlier: {0}</source>
        <translation>提前：{0}</translation>
    </message>
    <message>
        <source>Later: {0}</source>
        <translation>推后：{0}</translation>
    </message>
    <message>
        <source>Change it: {0}</source>
        <translation>修改：{0}</translation>
    </message>
    <message>
        <source>Take out: {0}</source>
        <translation>移出：{0}</translation>
    </message>
</context>
<context>
    <name>Rail</name>
    <message>
        <source>Light or dark</source>
        <translation>浅色或深色</translation>
    </message>
    <message>
        <source>Settings (Ctrl+,)</source>
        <translation>设置（Ctrl+,）</translation>
    </message>
    <message>
        <source>Help (F1)</source>
        <translation>帮助（F1）</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>首页</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>Method</source>
        <translation>方法</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>Gallery</source>
        <translation>图库</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
</context>
<context>
    <name>ReadyPage</name>
    <message>
        <source>Ready to start</source>
        <translation>准备开始</translation>
    </message>
    <message>
        <source>Nothing was changed so far. Start, or go back.</source>
        <translation>目前还没有改动任何东西。可以开始，也可以返回。</translation>
    </message>
    <message>
        <source>A few real steps tell how much memory and time the training takes on this very computer. You can stop at any moment; nothing is lost.</source>
        <translation>真实地跑几步，就知道在这台电脑上要多少内存和时间。可以随时停止，不会丢失任何东西。</translation>
    </message>
    <message>
        <source>Show sample pictures while training</source>
        <translation>训练时显示样图</translation>
    </message>
    <message>
        <source>Keep the computer awake until it has finished</source>
        <translation>结束之前不让电脑睡眠</translation>
    </message>
    <message>
        <source>the starter model</source>
        <translation>入门模型</translation>
    </message>
    <message>
        <source>Train a {method} named {name} from {count} on {model}, {steps} steps.</source>
        <translation>用 {count}在{model}上训练名为 {name} 的 {method}，共 {steps} 步。</translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s)</source>
        <translation>
            <numerusform>%n 张图片</numerusform>
        </translation>
    </message>
    <message>
        <source>There are no pictures in {0}. Go back and choose them again.</source>
        <translation>{0} 中没有图片。请返回并重新选择。</translation>
    </message>
</context>
<context>
    <name>Remedies</name>
    <message>
        <source>Its name is %1 now.</source>
        <translation>现在它的名称是 %1。</translation>
    </message>
    <message>
        <source>Another run trains. Go on with this one from the history afterwards.</source>
        <translation>另一个训练正在进行。等它结束后，可在“历史”里继续这一个。</translation>
    </message>
    <message>
        <source>This run had not begun: there is nothing to continue. Start it again.</source>
        <translation>这次训练还没有开始，没有可继续的内容。请重新开始。</translation>
    </message>
</context>
<context>
    <name>RunCheck</name>
    <message>
        <source>Before the start</source>
        <translation>开始之前</translation>
    </message>
    <message>
        <source>Check this run</source>
        <translation>检查这次训练</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Apply</source>
        <translation>应用</translation>
    </message>
    <message>
        <source>Taking a few steps…</source>
        <translation>正在试跑几步…</translation>
    </message>
    <message>
        <source>Takes a few real steps and one sample, and says what the run will need.</source>
        <translation>真实地跑几步并画一张样图，告诉你这次训练需要什么。</translation>
    </message>
    <message>
        <source>The settings changed: stopping the check…</source>
        <translation>设置已更改：正在停止检查…</translation>
    </message>
    <message>
        <source>The settings changed during the check. Check again.</source>
        <translation>检查期间设置有改动，请重新检查。</translation>
    </message>
    <message>
        <source>Loading the model…</source>
        <translation>正在加载模型…</translation>
    </message>
    <message>
        <source>Making a sample…</source>
        <translation>正在生成样图…</translation>
    </message>
    <message>
        <source>Step {0}…</source>
        <translation>第 {0} 步…</translation>
    </message>
    <message>
        <source>The check crashed: {0}</source>
        <translation>检查时出错：{0}</translation>
    </message>
    <message>
        <source>{0:.1f} of {1:.1f} GiB</source>
        <translation>{0:.1f} / 空闲 {1:.1f} GiB</translation>
    </message>
    <message>
        <source>{0:.2f} s</source>
        <translation>{0:.2f} 秒</translation>
    </message>
    <message>
        <source>It does not fit into the memory that is free.</source>
        <translation>空闲内存放不下。</translation>
    </message>
    <message>
        <source>The disk has only {0} free.</source>
        <translation>磁盘只剩 {0}。</translation>
    </message>
    <message>
        <source>It fits. Measured on: {0}</source>
        <translation>放得下。测量设备：{0}</translation>
    </message>
    <message>
        <source>It would fit with {0}. That changes what is learnt: use it?</source>
        <translation>采用{0}即可容纳。这会改变训练结果：要采用吗？</translation>
    </message>
    <message>
        <source>Use {0}</source>
        <translation>采用{0}</translation>
    </message>
    <message>
        <source>Set {0} to {1}</source>
        <translation>把“{0}”设为 {1}</translation>
    </message>
    <message>
        <source>The check is running</source>
        <translation>正在检查</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>Whole run</source>
        <translation>整个训练</translation>
    </message>
    <message>
        <source>One step</source>
        <translation>每步</translation>
    </message>
    <message>
        <source>Disk</source>
        <translation>磁盘</translation>
    </message>
    <message>
        <source>Trained file</source>
        <translation>训练结果</translation>
    </message>
</context>
<context>
    <name>RunComparison</name>
    <message>
        <source>Runs side by side</source>
        <translation>并排对比的训练</translation>
    </message>
    <message>
        <source>Losses of the runs over each other</source>
        <translation>各次训练的损失曲线</translation>
    </message>
    <message>
        <source>Setting</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Settings that differ</source>
        <translation>不同的设置</translation>
    </message>
    <message>
        <source>{0}, sample of step {1}</source>
        <translation>{0}，第 {1} 步的样图</translation>
    </message>
</context>
<context>
    <name>RunDesk</name>
    <message>
        <source>Imprint made a mistake while it wrote the file.</source>
        <translation>Imprint 写入文件时出错。</translation>
    </message>
</context>
<context>
    <name>RunHistory</name>
    <message>
        <source>Compare</source>
        <translation>对比</translation>
    </message>
    <message>
        <source>Continue this run</source>
        <translation>继续这次训练</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>finished</source>
        <translation>已完成</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>出错</translation>
    </message>
    <message>
        <source>interrupted</source>
        <translation>中断</translation>
    </message>
    <message>
        <source>cannot be shown</source>
        <translation>无法显示</translation>
    </message>
    <message>
        <source>Click to star (S)</source>
        <translation>点击加星标（S）</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>Method</source>
        <translation>方法</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>步数</translation>
    </message>
    <message>
        <source>Outcome</source>
        <translation>结果</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>Likeness (step)</source>
        <translation>相似度（步）</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>用时</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>备注</translation>
    </message>
    <message>
        <source>Runs of this project</source>
        <translation>这个项目的训练</translation>
    </message>
</context>
<context>
    <name>RunLog</name>
    <message>
        <source>Log of the run</source>
        <translation>训练日志</translation>
    </message>
    <message>
        <source>Show only lines with…</source>
        <translation>只显示包含……的行</translation>
    </message>
    <message>
        <source>Filter of the log</source>
        <translation>筛选日志</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Save a report for a bug…</source>
        <translation>保存问题报告…</translation>
    </message>
    <message>
        <source>Training {0:,} weights on: {1}</source>
        <translation>正在训练 {0:,} 个权重，设备：{1}</translation>
    </message>
    <message>
        <source>step {0}: loss {1:.4f}, {2:.2f} s</source>
        <translation>第 {0} 步：损失 {1:.4f}，{2:.2f} 秒</translation>
    </message>
    <message>
        <source>saved: {0}</source>
        <translation>已保存：{0}</translation>
    </message>
    <message>
        <source>step {0}: likeness {1:.3f}, copies {2:.0%}</source>
        <translation>第 {0} 步：相似度 {1:.3f}，照搬 {2:.0%}</translation>
    </message>
    <message>
        <source>checked: {0}, loads in {1}</source>
        <translation>已检验：{0}，可用于 {1}</translation>
    </message>
    <message>
        <source>paused at step {0}</source>
        <translation>在第 {0} 步暂停</translation>
    </message>
    <message>
        <source>goes on at step {0}</source>
        <translation>从第 {0} 步继续</translation>
    </message>
    <message>
        <source>ended after step {0}</source>
        <translation>在第 {0} 步后结束</translation>
    </message>
</context>
<context>
    <name>RunOverview</name>
    <message>
        <source>Last saved: step {0}</source>
        <translation>上次保存：第 {0} 步</translation>
    </message>
    <message>
        <source>{0:.2f} s/step</source>
        <translation>{0:.2f} 秒/步</translation>
    </message>
    <message>
        <source>hot: {1} °C, {0} %</source>
        <translation>过热：{1} °C，{0} %</translation>
    </message>
    <message>
        <source>{1} °C, {0} %</source>
        <translation>{1} °C，{0} %</translation>
    </message>
    <message>
        <source>Hot: the training may slow down.</source>
        <translation>温度过高，训练可能会变慢。</translation>
    </message>
    <message>
        <source>{0}: {1:.1f} of {2:.1f} GiB in use.</source>
        <translation>{0}：已用 {1:.1f} / {2:.1f} GiB。</translation>
    </message>
    <message>
        <source>best: step {0}</source>
        <translation>最好：第 {0} 步</translation>
    </message>
    <message>
        <source>The base model: {base:.2f}. Real pictures: {ceiling:.2f}. Step {step} is the best so far: {reason}.</source>
        <translation>基础模型：{base:.2f}。真实图片：{ceiling:.2f}。目前第 {step} 步最好：{reason}。</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>概览</translation>
    </message>
    <message>
        <source>Samples</source>
        <translation>样图</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>Smoothing of the loss</source>
        <translation>损失平滑程度</translation>
    </message>
    <message>
        <source>Smoothing</source>
        <translation>平滑</translation>
    </message>
    <message>
        <source>Noise is normal: judge by the samples below, not by the thin line.</source>
        <translation>有波动很正常：请看下面的样图，而不是那条细线。</translation>
    </message>
    <message>
        <source>Now</source>
        <translation>当前</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>Time left</source>
        <translation>剩余时间</translation>
    </message>
    <message>
        <source>Memory, whole program</source>
        <translation>内存（整个程序）</translation>
    </message>
    <message>
        <source>Graphics card</source>
        <translation>显卡</translation>
    </message>
    <message>
        <source>Likeness</source>
        <translation>相似度</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>Weights that learn</source>
        <translation>参与训练的权重</translation>
    </message>
</context>
<context>
    <name>SampleStrip</name>
    <message>
        <source>Step of the samples</source>
        <translation>采样图所在的步</translation>
    </message>
    <message>
        <source>no samples yet</source>
        <translation>还没有采样图</translation>
    </message>
    <message>
        <source>Samples</source>
        <translation>样图</translation>
    </message>
    <message>
        <source>step {0}</source>
        <translation>第 {0} 步</translation>
    </message>
    <message>
        <source>Sample of step {0}: {1}</source>
        <translation>第 {0} 步的采样图：{1}</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Keep the computer awake while a training runs</source>
        <translation>训练时不让电脑睡眠</translation>
    </message>
    <message>
        <source>Language and size change when the training has ended and you start anew.</source>
        <translation>语言和文字大小会在训练结束并重新启动后改变。</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Chinese needs a font: install one, such as fonts-noto-cjk.</source>
        <translation>显示中文需要字体：请安装一种，例如 fonts-noto-cjk。</translation>
    </message>
    <message>
        <source>Look</source>
        <translation>外观</translation>
    </message>
    <message>
        <source>Size of the text</source>
        <translation>文字大小</translation>
    </message>
</context>
<context>
    <name>SettingsForm</name>
    <message>
        <source>Back to what is recommended</source>
        <translation>恢复推荐值</translation>
    </message>
    <message>
        <source>Back to what is recommended: {0}</source>
        <translation>恢复推荐值：{0}</translation>
    </message>
</context>
<context>
    <name>ShelfRow</name>
    <message>
        <source>Starter model</source>
        <translation>入门模型</translation>
    </message>
    <message>
        <source>missing</source>
        <translation>文件不见了</translation>
    </message>
    <message>
        <source>cannot be used</source>
        <translation>无法使用</translation>
    </message>
    <message>
        <source>comes with Imprint</source>
        <translation>随 Imprint 附带</translation>
    </message>
    <message>
        <source>Find it…</source>
        <translation>找到它…</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>使用中</translation>
    </message>
    <message>
        <source>Use for this project</source>
        <translation>用于这个项目</translation>
    </message>
    <message>
        <source>Take {0} out of the list</source>
        <translation>把 {0} 移出列表</translation>
    </message>
</context>
<context>
    <name>Shortcuts</name>
    <message>
        <source>pages</source>
        <translation>切换页面</translation>
    </message>
    <message>
        <source>help for the page</source>
        <translation>当前页面的帮助</translation>
    </message>
    <message>
        <source>guided first training</source>
        <translation>第一次训练向导</translation>
    </message>
    <message>
        <source>find what can be done</source>
        <translation>查找可以做的事</translation>
    </message>
    <message>
        <source>this sheet</source>
        <translation>这张快捷键表</translation>
    </message>
    <message>
        <source>settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>light or dark</source>
        <translation>浅色或深色</translation>
    </message>
    <message>
        <source>images: add what was copied</source>
        <translation>图片：添加已复制的内容</translation>
    </message>
    <message>
        <source>images: filter; method: find a setting</source>
        <translation>图片：筛选；方法：查找设置</translation>
    </message>
    <message>
        <source>images: undo, redo</source>
        <translation>图片：撤销、重做</translation>
    </message>
    <message>
        <source>images: turn left, right</source>
        <translation>图片：向左转、向右转</translation>
    </message>
    <message>
        <source>images: crop; Enter applies, Esc leaves</source>
        <translation>图片：裁剪；Enter 应用，Esc 取消</translation>
    </message>
    <message>
        <source>images: leave out; gallery: to the bin</source>
        <translation>图片：不参与训练；图库：移到回收站</translation>
    </message>
    <message>
        <source>caption: picture before, after</source>
        <translation>描述：上一张、下一张</translation>
    </message>
    <message>
        <source>caption: take the offered tag; gallery: draw</source>
        <translation>描述：采用建议的标签；图库：生成</translation>
    </message>
    <message>
        <source>training: pause, continue</source>
        <translation>训练：暂停、继续</translation>
    </message>
    <message>
        <source>training: stop and save</source>
        <translation>训练：停止并保存</translation>
    </message>
    <message>
        <source>training: sample now</source>
        <translation>训练：立即出样图</translation>
    </message>
    <message>
        <source>gallery: star</source>
        <translation>图库：加星标</translation>
    </message>
    <message>
        <source>viewer: next way to compare, change over</source>
        <translation>查看：切换对比方式、左右互换</translation>
    </message>
    <message>
        <source>picture: whole, in its own size</source>
        <translation>图片：完整显示、原始大小</translation>
    </message>
    <message>
        <source>prompt: more or less weight</source>
        <translation>提示词：增减权重</translation>
    </message>
    <message>
        <source>prompt: earlier, later</source>
        <translation>提示词：更早、更晚的</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>快捷键</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>搜索</translation>
    </message>
    <message>
        <source>Search the keys</source>
        <translation>搜索快捷键</translation>
    </message>
    <message>
        <source>What they do</source>
        <translation>作用</translation>
    </message>
</context>
<context>
    <name>Step</name>
    <message>
        <source>Why?</source>
        <translation>为什么？</translation>
    </message>
</context>
<context>
    <name>SubjectPage</name>
    <message>
        <source>What do you want to teach?</source>
        <translation>你想教它什么？</translation>
    </message>
    <message>
        <source>Pick the closest. You can change everything later.</source>
        <translation>选最接近的一项。之后都可以改。</translation>
    </message>
    <message>
        <source>The model learns a new word for it. A rare word has no other meaning that would get in the way; the common word tells the model where to begin.</source>
        <translation>模型会为它学一个新词。少见的词没有别的意思来干扰；常用词告诉模型从哪里开始。</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>What is it?</source>
        <translation>它是什么？</translation>
    </message>
    <message>
        <source>One common word: cat, toy, person, style</source>
        <translation>一个常用词：cat、toy、person、style</translation>
    </message>
    <message>
        <source>Trigger word</source>
        <translation>触发词</translation>
    </message>
    <message>
        <source>You will write this word in a prompt to call it up.</source>
        <translation>在提示词里写这个词就能唤起它。</translation>
    </message>
    <message>
        <source>In a prompt: a photo of a {0} in the snow</source>
        <translation>在提示词里：a photo of a {0} in the snow</translation>
    </message>
    <message>
        <source>To go on, it needs a name and a trigger word.</source>
        <translation>要继续，需要填写名称和触发词。</translation>
    </message>
    <message>
        <source>A person or character</source>
        <translation>人物或角色</translation>
    </message>
    <message>
        <source>A pet or object</source>
        <translation>宠物或物品</translation>
    </message>
    <message>
        <source>A style</source>
        <translation>一种风格</translation>
    </message>
    <message>
        <source>Something else</source>
        <translation>其他</translation>
    </message>
</context>
<context>
    <name>SubjectWords</name>
    <message>
        <source>What is it called?</source>
        <translation>它叫什么？</translation>
    </message>
    <message>
        <source>Trigger word</source>
        <translation>触发词</translation>
    </message>
    <message>
        <source>A rare word, such as mycxt</source>
        <translation>少见的词，例如 mycxt</translation>
    </message>
    <message>
        <source>What is it?</source>
        <translation>它是什么？</translation>
    </message>
    <message>
        <source>One common word, such as cat</source>
        <translation>一个常用词，例如 cat</translation>
    </message>
</context>
<context>
    <name>WarmUp</name>
    <message>
        <source>Warming up…</source>
        <translation>正在预热…</translation>
    </message>
    <message>
        <source>The engine could not start. Check this computer to see why.</source>
        <translation>引擎无法启动。请点“检查这台电脑”查看原因。</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>就绪</translation>
    </message>
    <message>
        <source>The engine could not start</source>
        <translation>引擎无法启动</translation>
    </message>
    <message>
        <source>The engine is ready.</source>
        <translation>引擎已就绪。</translation>
    </message>
</context>
<context>
    <name>WindowMenu</name>
    <message>
        <source>Chinese needs a font: install one, such as fonts-noto-cjk.</source>
        <translation>显示中文需要字体：请安装一种，例如 fonts-noto-cjk。</translation>
    </message>
</context>
<context>
    <name>WishForm</name>
    <message>
        <source>What to draw</source>
        <translation>画什么</translation>
    </message>
    <message>
        <source>Another seed</source>
        <translation>换一个种子</translation>
    </message>
    <message>
        <source>Compare with the base model</source>
        <translation>与基础模型对比</translation>
    </message>
    <message>
        <source>Generate</source>
        <translation>生成</translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation>提示词</translation>
    </message>
    <message>
        <source>What not to draw</source>
        <translation>反向提示词</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>种子</translation>
    </message>
    <message>
        <source>How many</source>
        <translation>张数</translation>
    </message>
    <message>
        <source>as the model</source>
        <translation>按模型默认</translation>
    </message>
    <message>
        <source>More settings</source>
        <translation>更多设置</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>步数</translation>
    </message>
    <message>
        <source>Guidance</source>
        <translation>引导强度</translation>
    </message>
    <message>
        <source>Sampler</source>
        <translation>采样器</translation>
    </message>
    <message>
        <source>Clip skip</source>
        <translation>CLIP 跳层</translation>
    </message>
    <message>
        <source>Width</source>
        <translation>宽度</translation>
    </message>
    <message>
        <source>Height</source>
        <translation>高度</translation>
    </message>
    <message>
        <source>Trained files</source>
        <translation>训练结果</translation>
    </message>
</context>
<context>
    <name>_TagText</name>
    <message>
        <source>Caption of the picture</source>
        <translation>图片的描述</translation>
    </message>
    <message>
        <source>Say what changes from picture to picture.</source>
        <translation>写出各张图片之间不同的内容。</translation>
    </message>
</context>
<context>
    <name>app</name>
    <message>
        <source>Imprint made a mistake. Your work is safe.</source>
        <translation>Imprint 出错了。你的成果没有丢失。</translation>
    </message>
</context>
<context>
    <name>engine</name>
    <message>
        <source>a file that replaces whole layers</source>
        <translation>替换整层的文件</translation>
    </message>
    <message>
        <source>a file of scattered biases</source>
        <translation>零散偏置的文件</translation>
    </message>
    <message>
        <source>{name} holds whole numbers; a LoRA that was quantized to them cannot be read</source>
        <translation>{name} 中是整数；无法读取量化为整数的 LoRA</translation>
    </message>
    <message>
        <source>{name} holds nothing, its rank is 0</source>
        <translation>{name} 是空的，秩为 0</translation>
    </message>
    <message>
        <source>it is {gib:.0f} GiB large, more than all weights of the model</source>
        <translation>文件大小为 {gib:.0f} GiB，超过了模型的全部权重</translation>
    </message>
    <message>
        <source>{name} holds {count} numbers, far more than this layer of the model has</source>
        <translation>{name} 含有 {count} 个数值，远超过模型中该层的数量</translation>
    </message>
    <message>
        <source>what {name} adds to the weights is infinite</source>
        <translation>{name} 加到权重上的值为无穷大</translation>
    </message>
    <message>
        <source>the {role} of {name} is not a single number</source>
        <translation>{name} 的 {role} 不是单个数值</translation>
    </message>
    <message>
        <source>ControlNet (a ControlNet-LLLite file)</source>
        <translation>ControlNet（ControlNet-LLLite 文件）</translation>
    </message>
    <message>
        <source>ControlNet</source>
        <translation>ControlNet</translation>
    </message>
    <message>
        <source>IP-Adapter</source>
        <translation>IP-Adapter</translation>
    </message>
    <message>
        <source>AnimateDiff (its motion module)</source>
        <translation>AnimateDiff（其运动模块）</translation>
    </message>
    <message>
        <source>Stable Cascade</source>
        <translation>Stable Cascade</translation>
    </message>
    <message>
        <source>Qwen-Image</source>
        <translation>Qwen-Image</translation>
    </message>
    <message>
        <source>Flux, Chroma or HunyuanVideo</source>
        <translation>Flux、Chroma 或 HunyuanVideo</translation>
    </message>
    <message>
        <source>Stable Diffusion 3</source>
        <translation>Stable Diffusion 3</translation>
    </message>
    <message>
        <source>Stable Diffusion 3, Flux or Qwen-Image</source>
        <translation>Stable Diffusion 3、Flux 或 Qwen-Image</translation>
    </message>
    <message>
        <source>Stable Diffusion 3 or Flux</source>
        <translation>Stable Diffusion 3 或 Flux</translation>
    </message>
    <message>
        <source>Hunyuan-DiT</source>
        <translation>Hunyuan-DiT</translation>
    </message>
    <message>
        <source>Wan</source>
        <translation>Wan</translation>
    </message>
    <message>
        <source>PixArt</source>
        <translation>PixArt</translation>
    </message>
    <message>
        <source>Lumina or Z-Image</source>
        <translation>Lumina 或 Z-Image</translation>
    </message>
    <message>
        <source>a model with a transformer in place of the UNet</source>
        <translation>以 Transformer 代替 UNet 的模型</translation>
    </message>
    <message>
        <source>a language model</source>
        <translation>语言模型</translation>
    </message>
    <message>
        <source>it is a whole model, not a LoRA</source>
        <translation>它是完整的模型，不是 LoRA</translation>
    </message>
    <message>
        <source>it is a ControlNet</source>
        <translation>它是 ControlNet</translation>
    </message>
    <message>
        <source>it is an IP-Adapter</source>
        <translation>它是 IP-Adapter</translation>
    </message>
    <message>
        <source>it is an autoencoder (VAE)</source>
        <translation>它是自编码器（VAE）</translation>
    </message>
    <message>
        <source>it is a text encoder</source>
        <translation>它是文本编码器</translation>
    </message>
    <message>
        <source>it is a UNet, not a LoRA</source>
        <translation>它是 UNet，不是 LoRA</translation>
    </message>
    <message>
        <source>its form is not known</source>
        <translation>格式无法识别</translation>
    </message>
    <message>
        <source>it holds the checkpoint of step {step}, so it should be called {name}</source>
        <translation>其中是第 {step} 步的检查点，应命名为 {name}</translation>
    </message>
    <message>
        <source>all are damaged (step {step}: {reason})</source>
        <translation>全部已损坏（第 {step} 步：{reason}）</translation>
    </message>
    <message>
        <source>sound</source>
        <translation>完好的</translation>
    </message>
    <message>
        <source>step-{step}</source>
        <translation>第 {step} 步的</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>Trigger word</source>
        <translation>触发词</translation>
    </message>
    <message>
        <source>A rare word that calls up what was learnt.</source>
        <translation>一个少见的词，用来唤出学到的内容。</translation>
    </message>
    <message>
        <source>What is it?</source>
        <translation>它是什么？</translation>
    </message>
    <message>
        <source>One common word: cat, toy, person, style.</source>
        <translation>一个常用的英文词：cat、toy、person、style。</translation>
    </message>
    <message>
        <source>Caption for pictures without one</source>
        <translation>默认图片描述</translation>
    </message>
    <message>
        <source>{subject} becomes the trigger word and what it is.</source>
        <translation>{subject} 会替换为触发词加上“它是什么”。用于没有描述的图片。</translation>
    </message>
    <message>
        <source>Repeats</source>
        <translation>重复次数</translation>
    </message>
    <message>
        <source>How often each picture is seen in one epoch.</source>
        <translation>每张图片在一轮中出现的次数。</translation>
    </message>
    <message>
        <source>Mirror pictures at random</source>
        <translation>随机左右翻转</translation>
    </message>
    <message>
        <source>Not for faces, text or anything with a left and a right.</source>
        <translation>不适合人脸、文字或任何左右有别的内容。</translation>
    </message>
    <message>
        <source>Caption dropout</source>
        <translation>描述丢弃率</translation>
    </message>
    <message>
        <source>Share of steps with an empty caption.</source>
        <translation>使用空描述的步所占的比例。</translation>
    </message>
    <message>
        <source>Shuffle tags</source>
        <translation>打乱标签</translation>
    </message>
    <message>
        <source>Puts the parts between commas in a new order at every step.</source>
        <translation>每一步都把逗号之间的部分重新排列。</translation>
    </message>
    <message>
        <source>Tags that stay in front</source>
        <translation>固定在前面的标签数</translation>
    </message>
    <message>
        <source>So many tags are not shuffled.</source>
        <translation>前面这么多个标签不参与打乱。</translation>
    </message>
    <message>
        <source>Captions beyond 75 tokens</source>
        <translation>超过 75 个词元的描述</translation>
    </message>
    <message>
        <source>chunks reads up to 225 tokens, cut only the first 75.</source>
        <translation>chunks 最多读取 225 个词元，cut 只读前 75 个。</translation>
    </message>
    <message>
        <source>Masks</source>
        <translation>遮罩</translation>
    </message>
    <message>
        <source>What to learn of each picture: alpha takes its transparency, file a picture beside it called NAME-mask.png, NAME_mask.png, NAME-masklabel.png or masks/NAME.png, white where it counts.</source>
        <translation>每张图片要学习哪些部分：alpha 取其透明度，file 取旁边名为 NAME-mask.png、NAME_mask.png、NAME-masklabel.png 或 masks/NAME.png 的图片，白色为要学习的部分。</translation>
    </message>
    <message>
        <source>Weight outside the mask</source>
        <translation>遮罩以外的权重</translation>
    </message>
    <message>
        <source>0 leaves out what the mask does not cover.</source>
        <translation>0 表示忽略遮罩没有覆盖的部分。</translation>
    </message>
    <message>
        <source>What the base model predicts</source>
        <translation>基础模型预测什么</translation>
    </message>
    <message>
        <source>auto reads it from the model&apos;s own marks.</source>
        <translation>auto 从模型自身的标记中读取。</translation>
    </message>
    <message>
        <source>Optimizer</source>
        <translation>优化器</translation>
    </message>
    <message>
        <source>adafactor and came need the least memory. prodigy finds its own learning rate: give it 1. lion wants a learning rate 3 to 10 times lower than adamw.</source>
        <translation>adafactor 和 came 需要的内存最少。prodigy 自己寻找学习率：请填 1。lion 的学习率应比 adamw 低 3 到 10 倍。</translation>
    </message>
    <message>
        <source>Weight decay</source>
        <translation>权重衰减</translation>
    </message>
    <message>
        <source>Beta 1</source>
        <translation>Beta 1</translation>
    </message>
    <message>
        <source>Beta 2</source>
        <translation>Beta 2</translation>
    </message>
    <message>
        <source>Learning-rate schedule</source>
        <translation>学习率调度</translation>
    </message>
    <message>
        <source>How the learning rate falls over the run; schedulefree_adamw does without.</source>
        <translation>学习率在训练中如何下降；schedulefree_adamw 不需要。</translation>
    </message>
    <message>
        <source>Restarts</source>
        <translation>重启次数</translation>
    </message>
    <message>
        <source>With cosine_restarts: how often the learning rate goes back to its peak.</source>
        <translation>用于 cosine_restarts：学习率回到峰值的次数。</translation>
    </message>
    <message>
        <source>Power</source>
        <translation>幂</translation>
    </message>
    <message>
        <source>With polynomial: 1 falls evenly, more falls earlier.</source>
        <translation>用于 polynomial：1 表示均匀下降，更大则更早下降。</translation>
    </message>
    <message>
        <source>Warm-up</source>
        <translation>预热比例</translation>
    </message>
    <message>
        <source>Share of the run in which the learning rate rises.</source>
        <translation>学习率上升阶段占整个训练的比例。</translation>
    </message>
    <message>
        <source>Largest gradient</source>
        <translation>梯度上限</translation>
    </message>
    <message>
        <source>Longer gradients are cut to this. 0 switches it off.</source>
        <translation>超过此长度的梯度会被裁剪。0 表示关闭。</translation>
    </message>
    <message>
        <source>Averaged weights</source>
        <translation>平均权重</translation>
    </message>
    <message>
        <source>Share of the average that a step keeps, such as 0.999. Samples and exports then show the average. 0 switches it off.</source>
        <translation>每一步保留平均值的比例，例如 0.999。样图和导出文件则采用平均值。0 表示关闭。</translation>
    </message>
    <message>
        <source>Step inside the backward pass</source>
        <translation>在反向传播中更新</translation>
    </message>
    <message>
        <source>Less memory; each gradient is used and freed at once.</source>
        <translation>占用内存更少；每个梯度用完立即释放。</translation>
    </message>
    <message>
        <source>no weight moves by gradients below {least}; 0 switches the limit off</source>
        <translation>低于 {least} 的梯度不会移动任何权重；0 表示不限制</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>步数</translation>
    </message>
    <message>
        <source>How often the weights move.</source>
        <translation>权重更新的次数。</translation>
    </message>
    <message>
        <source>Pictures per step</source>
        <translation>每步图片数</translation>
    </message>
    <message>
        <source>More is smoother, slower and needs more memory.</source>
        <translation>越多越平稳，但更慢，也更占内存。</translation>
    </message>
    <message>
        <source>Gradient accumulation</source>
        <translation>梯度累积</translation>
    </message>
    <message>
        <source>Batches that make up one step.</source>
        <translation>多少个批次合为一步。</translation>
    </message>
    <message>
        <source>Resolution</source>
        <translation>分辨率</translation>
    </message>
    <message>
        <source>pixels</source>
        <translation>像素</translation>
    </message>
    <message>
        <source>Side of a square picture with the same area.</source>
        <translation>同等面积的正方形图片的边长。</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>种子</translation>
    </message>
    <message>
        <source>The same seed and settings give the same result.</source>
        <translation>种子和设置相同，结果就相同。</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>精度</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>设备</translation>
    </message>
    <message>
        <source>Precision of weights that learn</source>
        <translation>学习权重的精度</translation>
    </message>
    <message>
        <source>bf16 halves the memory of whole networks; what is lost in one step is rounded at random, so that it is not lost on average.</source>
        <translation>bf16 使整个网络的内存减半；每一步损失的部分随机舍入，平均而言不会丢失。</translation>
    </message>
    <message>
        <source>Gradient checkpointing</source>
        <translation>梯度检查点</translation>
    </message>
    <message>
        <source>Much less memory, steps take about 1.4 times as long.</source>
        <translation>内存大幅减少，每一步耗时约为 1.4 倍。</translation>
    </message>
    <message>
        <source>Clip skip</source>
        <translation>CLIP 跳层</translation>
    </message>
    <message>
        <source>1 reads the text where the model expects it; 2 one layer earlier.</source>
        <translation>1 在模型预期的位置读取文本；2 提前一层。</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>huber forgives pictures that do not belong.</source>
        <translation>huber 能容忍不合群的图片。</translation>
    </message>
    <message>
        <source>Huber delta</source>
        <translation>Huber 阈值</translation>
    </message>
    <message>
        <source>Errors beyond this count less than squared.</source>
        <translation>超过此值的误差不再按平方计算。</translation>
    </message>
    <message>
        <source>Huber schedule</source>
        <translation>Huber 调度</translation>
    </message>
    <message>
        <source>How delta changes with the noise.</source>
        <translation>delta 随噪声如何变化。</translation>
    </message>
    <message>
        <source>Weight of noise levels</source>
        <translation>噪声级别的权重</translation>
    </message>
    <message>
        <source>Balances easy and hard noise levels.</source>
        <translation>平衡容易和困难的噪声级别。</translation>
    </message>
    <message>
        <source>Min-SNR gamma</source>
        <translation>Min-SNR gamma</translation>
    </message>
    <message>
        <source>Used with min_snr; lower weighs noisy pictures more.</source>
        <translation>用于 min_snr；越低则越重视噪声大的图片。</translation>
    </message>
    <message>
        <source>Zero terminal SNR</source>
        <translation>零终端信噪比</translation>
    </message>
    <message>
        <source>The last noise level is pure noise; for models that say v-prediction.</source>
        <translation>最后的噪声级别是纯噪声；用于预测 v 的模型。</translation>
    </message>
    <message>
        <source>Noise offset</source>
        <translation>噪声偏移</translation>
    </message>
    <message>
        <source>Helps very dark and very bright pictures.</source>
        <translation>有助于很暗或很亮的图片。</translation>
    </message>
    <message>
        <source>Sample every</source>
        <translation>采样间隔</translation>
    </message>
    <message>
        <source>steps</source>
        <translation>步</translation>
    </message>
    <message>
        <source>0 makes none.</source>
        <translation>0 表示不生成采样图。</translation>
    </message>
    <message>
        <source>Sample seed</source>
        <translation>采样图种子</translation>
    </message>
    <message>
        <source>Steps of a sample</source>
        <translation>采样图步数</translation>
    </message>
    <message>
        <source>Guidance of a sample</source>
        <translation>采样图引导强度</translation>
    </message>
    <message>
        <source>Save every</source>
        <translation>保存间隔</translation>
    </message>
    <message>
        <source>0 saves only at the end.</source>
        <translation>0 表示只在结束时保存。</translation>
    </message>
    <message>
        <source>Checkpoints to keep</source>
        <translation>保留检查点数</translation>
    </message>
    <message>
        <source>Precision of the file</source>
        <translation>文件精度</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Base model</source>
        <translation>基础模型</translation>
    </message>
    <message>
        <source>above {limit}</source>
        <translation>大于 {limit}</translation>
    </message>
    <message>
        <source>at least {limit}</source>
        <translation>不小于 {limit}</translation>
    </message>
    <message>
        <source>below {limit}</source>
        <translation>小于 {limit}</translation>
    </message>
    <message>
        <source>at most {limit}</source>
        <translation>不大于 {limit}</translation>
    </message>
    <message>
        <source>a whole number</source>
        <translation>是整数</translation>
    </message>
    <message>
        <source>a number</source>
        <translation>是数字</translation>
    </message>
    <message>
        <source>true or false</source>
        <translation>是 true 或 false</translation>
    </message>
    <message>
        <source>a text</source>
        <translation>是文本</translation>
    </message>
    <message>
        <source>a list</source>
        <translation>是列表</translation>
    </message>
    <message>
        <source>a section of settings</source>
        <translation>是一组设置</translation>
    </message>
    <message>
        <source>{field} holds a NUL character, which no name and no text may hold: {given}.</source>
        <translation>{field} 含有 NUL 字符，名称和文本都不能含有它：{given}。</translation>
    </message>
    <message>
        <source>These settings were made by a newer Imprint (schema {version}). Update Imprint to use them.</source>
        <translation>这些设置由更新版本的 Imprint 生成（格式版本 {version}）。请更新 Imprint 后再使用。</translation>
    </message>
    <message>
        <source>it holds no table of settings</source>
        <translation>其中没有设置表</translation>
    </message>
    <message>
        <source>This method teaches a new word. Say which: give it a trigger word.</source>
        <translation>这种方法教模型一个新词。请填写触发词，说明是哪个词。</translation>
    </message>
    <message>
        <source>“{trigger}” cannot be the trigger word: the embedding&apos;s file is named after it, and Imprint gives no file a name that {reason}. Use {better} as trigger word.</source>
        <translation>“{trigger}”不能作触发词：嵌入的文件以它命名，而 Imprint 不会使用这样的文件名：{reason}。请用 {better} 作触发词。</translation>
    </message>
    <message>
        <source>{trigger} is prompt syntax, so no prompt can call it. Use {better} as trigger word.</source>
        <translation>{trigger} 是提示词的语法符号，写在提示词里无法触发。请改用 {better} 作触发词。</translation>
    </message>
    <message>
        <source>{trigger} is a special token that every prompt contains. Use {better} as trigger word.</source>
        <translation>{trigger} 是每条提示词都包含的特殊标记。请改用 {better} 作为触发词。</translation>
    </message>
    <message>
        <source>With a caption dropout of 1 no caption is used, and the trigger word is never learnt. Lower it.</source>
        <translation>描述丢弃率为 1 时不使用任何描述，触发词永远学不到。请调低。</translation>
    </message>
    <message>
        <source>The new word would not learn in a single step. Raise this share of the run.</source>
        <translation>新词一步都学不到。请调高它在训练中所占的比例。</translation>
    </message>
    <message>
        <source>has neither a letter nor a digit</source>
        <translation>既没有字母也没有数字</translation>
    </message>
    <message>
        <source>stands for a file without a name</source>
        <translation>用来表示没有名称的文件</translation>
    </message>
    <message>
        <source>Windows keeps for itself</source>
        <translation>由 Windows 保留</translation>
    </message>
    <message>
        <source>begins with “{sign}”</source>
        <translation>以“{sign}”开头</translation>
    </message>
    <message>
        <source>ends with “{sign}”</source>
        <translation>以“{sign}”结尾</translation>
    </message>
    <message>
        <source>contains a blank</source>
        <translation>含有空格</translation>
    </message>
    <message>
        <source>contains an invisible character</source>
        <translation>含有不可见字符</translation>
    </message>
    <message>
        <source>contains “{sign}”</source>
        <translation>含有“{sign}”</translation>
    </message>
    <message>
        <source>is so long</source>
        <translation>太长</translation>
    </message>
    <message>
        <source>not every system takes</source>
        <translation>并非所有系统都接受</translation>
    </message>
    <message>
        <source>Prodigy looks at all weights at once and cannot step inside the backward pass. Switch that off, or choose another optimizer.</source>
        <translation>Prodigy 需要同时查看所有权重，不能在反向传播中更新。请关闭该选项，或选择其他优化器。</translation>
    </message>
    <message>
        <source>Steps inside the backward pass cannot be gathered: set it to 1, or switch optimizer.fused_backward off.</source>
        <translation>在反向传播中更新时无法累积：请设为 1，或关闭 optimizer.fused_backward。</translation>
    </message>
    <message>
        <source>The caption template knows no place but {place}.</source>
        <translation>描述模板中只能使用 {place} 这一个占位符。</translation>
    </message>
    <message>
        <source>The resolution must be a multiple of 8, such as 512.</source>
        <translation>分辨率必须是 8 的倍数，例如 512。</translation>
    </message>
    <message>
        <source>{field} is missing. Give it a value.</source>
        <translation>缺少“{field}”。请填写。</translation>
    </message>
    <message>
        <source>{field} is empty. Give it a value.</source>
        <translation>“{field}”为空。请填写。</translation>
    </message>
    <message>
        <source>{field} is too long; {limit} letters have room.</source>
        <translation>“{field}”太长，最多 {limit} 个字符。</translation>
    </message>
    <message>
        <source>one of {choices}</source>
        <translation>是 {choices} 之一</translation>
    </message>
    <message>
        <source>an ordinary number</source>
        <translation>是普通的数字</translation>
    </message>
    <message>
        <source>{field} is {given}: {reason}.</source>
        <translation>“{field}”的值是 {given}：{reason}。</translation>
    </message>
    <message>
        <source>{field} is {given}; it must be {wanted}.</source>
        <translation>“{field}”的值是 {given}，应当{wanted}。</translation>
    </message>
    <message>
        <source>{field} is not valid UTF-8 text: {given}. Rename the file or folder.</source>
        <translation>{field} 中含有不是 UTF-8 文本的字符：{given}。请重命名它所指的文件或文件夹。</translation>
    </message>
    <message>
        <source>There is no setting {field}.</source>
        <translation>没有名为 {field} 的设置。</translation>
    </message>
    <message>
        <source>There is no setting {field}. Did you mean {meant}?</source>
        <translation>没有名为 {field} 的设置。你是指 {meant} 吗？</translation>
    </message>
    <message>
        <source>Not in UTF-8; read as {encoding}. Have a look at them, or save them as UTF-8.</source>
        <translation>不是 UTF-8 编码；按{encoding}读取。请检查一下，或另存为 UTF-8。</translation>
    </message>
    <message>
        <source>Another program changed this caption while it was edited here. The one of Imprint is used; the other is kept in the captions folder of the project, in a file that ends in .other.</source>
        <translation>在此处编辑时，另一个程序更改了这条描述。将使用 Imprint 中的描述；另一个保存在项目的 captions 文件夹中，文件名以 .other 结尾。</translation>
    </message>
    <message>
        <source>{used} is used; {other} says something else.</source>
        <translation>使用 {used}；{other} 的内容不同。</translation>
    </message>
    <message>
        <source>The .json file has no field called caption, text, prompt or tags.</source>
        <translation>.json 文件中没有名为 caption、text、prompt 或 tags 的字段。</translation>
    </message>
    <message>
        <source>{name} cannot be read: {reason}.</source>
        <translation>无法读取 {name}：{reason}。</translation>
    </message>
    <message>
        <source>{name} is larger than 64 KiB; it is no caption.</source>
        <translation>{name} 超过 64 KiB，不是图片描述。</translation>
    </message>
    <message>
        <source>{name} is not a text file.</source>
        <translation>{name} 不是文本文件。</translation>
    </message>
    <message>
        <source>It changed while it was being prepared.</source>
        <translation>它在处理过程中被改动了。</translation>
    </message>
    <message>
        <source>There is not enough free memory to open it.</source>
        <translation>空闲内存不足，无法打开它。</translation>
    </message>
    <message>
        <source>It is not a regular file.</source>
        <translation>它不是普通文件。</translation>
    </message>
    <message>
        <source>The file is empty (0 bytes); perhaps a copy was interrupted.</source>
        <translation>文件是空的（0 字节），可能复制时中断了。</translation>
    </message>
    <message>
        <source>The file is larger than 1 GiB.</source>
        <translation>文件超过 1 GiB。</translation>
    </message>
    <message>
        <source>Imprint reads no Parquet files. Save it as metadata.jsonl or metadata.csv.</source>
        <translation>Imprint 不读取 Parquet 文件。请另存为 metadata.jsonl 或 metadata.csv。</translation>
    </message>
    <message>
        <source>it has no column that names files beside one that holds captions.</source>
        <translation>其中没有同时包含文件名列和描述列。</translation>
    </message>
    <message>
        <source>it is larger than 64 MiB.</source>
        <translation>它大于 64 MiB。</translation>
    </message>
    <message>
        <source>It cannot be read: {reason}.</source>
        <translation>无法读取：{reason}。</translation>
    </message>
    <message>
        <source>it is not a text file.</source>
        <translation>它不是文本文件。</translation>
    </message>
    <message>
        <source>line {line} is broken ({reason}).</source>
        <translation>第 {line} 行有错误（{reason}）。</translation>
    </message>
    <message>
        <source>A video. Save single frames as JPEG or PNG.</source>
        <translation>视频。请将单帧另存为 JPEG 或 PNG。</translation>
    </message>
    <message>
        <source>Reading it takes about {gib:.1f} GiB of memory; the limit is 1 GiB. Shrink it first.</source>
        <translation>读取它约需 {gib:.1f} GiB 内存，上限为 1 GiB。请先缩小图片。</translation>
    </message>
    <message>
        <source>Damaged: the picture data ends early or is broken ({reason}).</source>
        <translation>已损坏：图片数据不完整或有错误（{reason}）。</translation>
    </message>
    <message>
        <source>{megapixels:.0f} megapixels; the limit is 180. Shrink it first.</source>
        <translation>有 {megapixels:.0f} 百万像素，上限是 180。请先缩小。</translation>
    </message>
    <message>
        <source>{width} x {height} pixels: smaller than {min_side}; enlarging it would teach blur.</source>
        <translation>{width} x {height} 像素：小于 {min_side}，放大后只会学到模糊。</translation>
    </message>
    <message>
        <source>It is really a {format} file.</source>
        <translation>它其实是 {format} 文件。</translation>
    </message>
    <message>
        <source>An animation: frame 1 of {frames} is used.</source>
        <translation>动画：共 {frames} 帧，使用第 1 帧。</translation>
    </message>
    <message>
        <source>The file holds several pictures; one is used.</source>
        <translation>该文件含有多张图片，只使用其中一张。</translation>
    </message>
    <message>
        <source>{megapixels:.0f} megapixels; read at 1/{factor} of its size.</source>
        <translation>{megapixels:.0f} 百万像素；按原边长的 1/{factor} 读取。</translation>
    </message>
    <message>
        <source>Very long, {ratio:.0f}:1; most of it is cut away.</source>
        <translation>过于狭长（{ratio:.0f}:1），大部分会被裁掉。</translation>
    </message>
    <message>
        <source>The transparent part becomes white.</source>
        <translation>透明部分会变成白色。</translation>
    </message>
    <message>
        <source>HDR data is not supported. Save it as an 8-bit picture.</source>
        <translation>不支持 HDR 数据。请另存为 8 位图片。</translation>
    </message>
    <message>
        <source>Not a picture: it looks like a web page.</source>
        <translation>不是图片：看起来是网页。</translation>
    </message>
    <message>
        <source>{format} is not supported; export it as JPEG or PNG.</source>
        <translation>不支持 {format}，请导出为 JPEG 或 PNG。</translation>
    </message>
    <message>
        <source>Not a picture that Imprint can read.</source>
        <translation>不是 Imprint 能读取的图片。</translation>
    </message>
    <message>
        <source>It is a link to a place outside the folder.</source>
        <translation>它是指向文件夹之外的链接。</translation>
    </message>
    <message>
        <source>It is a link to a place outside the folder. Choose that place as the pictures, or copy its pictures here.</source>
        <translation>它是指向文件夹之外的链接。请将那个位置选为图片文件夹，或把图片复制到这里。</translation>
    </message>
    <message>
        <source>It is the same file as {other}.</source>
        <translation>它与 {other} 是同一个文件。</translation>
    </message>
    <message>
        <source>NVIDIA or AMD card</source>
        <translation>NVIDIA 或 AMD 显卡</translation>
    </message>
    <message>
        <source>Apple GPU</source>
        <translation>Apple 图形处理器</translation>
    </message>
    <message>
        <source>The processor</source>
        <translation>处理器</translation>
    </message>
    <message>
        <source>processor ({threads} threads)</source>
        <translation>处理器（{threads} 线程）</translation>
    </message>
    <message>
        <source>These libraries are missing: {names}.</source>
        <translation>缺少这些库：{names}。</translation>
    </message>
    <message>
        <source>Set Imprint up again: make run, or the installer, brings what is missing.</source>
        <translation>请重新安装 Imprint：运行 make run 或安装程序会补上缺少的部分。</translation>
    </message>
    <message>
        <source>This does not work here: {reason}.</source>
        <translation>这一项在本机上不能正常工作：{reason}。</translation>
    </message>
    <message>
        <source>Copy what was found into a report of the fault; it names no person and no place.</source>
        <translation>请复制检查结果并附在问题报告里；其中不含个人信息和路径。</translation>
    </message>
    <message>
        <source>The starter model drew a picture that shows nothing.</source>
        <translation>入门模型画出了一张空白的图片。</translation>
    </message>
    <message>
        <source>Its file may be damaged: install Imprint again.</source>
        <translation>模型文件可能已损坏：请重新安装 Imprint。</translation>
    </message>
    <message>
        <source>This computer has a card, {name}, but the processor does the work.</source>
        <translation>这台电脑有显卡 {name}，但目前由处理器运算。</translation>
    </message>
    <message>
        <source>The PyTorch that is installed cannot use it: it is made for processors only, or the card&apos;s driver is too old for it.</source>
        <translation>已安装的 PyTorch 用不了这块显卡：它是仅支持处理器的版本，或者显卡驱动太旧。</translation>
    </message>
    <message>
        <source>Imprint</source>
        <translation>Imprint</translation>
    </message>
    <message>
        <source>Libraries</source>
        <translation>程序库</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>Graphics card</source>
        <translation>显卡</translation>
    </message>
    <message>
        <source>Disk</source>
        <translation>磁盘</translation>
    </message>
    <message>
        <source>Starter model</source>
        <translation>入门模型</translation>
    </message>
    <message>
        <source>A picture</source>
        <translation>生成图片</translation>
    </message>
    <message>
        <source>A training</source>
        <translation>试训练</translation>
    </message>
    <message>
        <source>The trained file</source>
        <translation>训练结果文件</translation>
    </message>
    <message>
        <source>{version}, installed; {system}; Python {python}</source>
        <translation>{version}，安装版；{system}；Python {python}</translation>
    </message>
    <message>
        <source>{version}, from its source; {system}; Python {python}</source>
        <translation>{version}，从源代码运行；{system}；Python {python}</translation>
    </message>
    <message>
        <source>{free:.1f} of {total:.1f} GiB free; {cores} processor cores</source>
        <translation>共 {total:.1f} GiB，可用 {free:.1f} GiB；处理器 {cores} 核</translation>
    </message>
    <message>
        <source>{name}, {gib:.0f} GiB, driver {driver}, CUDA {cuda}</source>
        <translation>{name}，{gib:.0f} GiB，驱动 {driver}，CUDA {cuda}</translation>
    </message>
    <message>
        <source>that of the Apple chip</source>
        <translation>Apple 芯片自带</translation>
    </message>
    <message>
        <source>none that is of use; the processor does the work</source>
        <translation>没有可用的显卡，由处理器运算</translation>
    </message>
    <message>
        <source>{free:.1f} GiB free; projects can be written</source>
        <translation>可用 {free:.1f} GiB；项目文件夹可以写入</translation>
    </message>
    <message>
        <source>there, of the family {family}</source>
        <translation>已就绪，属于 {family}</translation>
    </message>
    <message>
        <source>drawn in {seconds:.1f} s</source>
        <translation>{seconds:.1f} 秒画完</translation>
    </message>
    <message>
        <source>{steps} steps in {seconds:.1f} s</source>
        <translation>{steps} 步用时 {seconds:.1f} 秒</translation>
    </message>
    <message>
        <source>nothing was trained</source>
        <translation>没有训练结果</translation>
    </message>
    <message>
        <source>reads back as it was trained; loads in {front_ends}</source>
        <translation>读回后与训练结果一致；可用于 {front_ends}</translation>
    </message>
    <message>
        <source>No usable pictures in {folder}: 0 of {num_files} files.</source>
        <translation>{folder} 中没有可用的图片：{num_files} 个文件中有 0 张可用。</translation>
    </message>
    <message>
        <source>Add at least one picture (JPEG, PNG, WebP, HEIC, TIFF, BMP, GIF or AVIF).</source>
        <translation>请至少添加一张图片（JPEG、PNG、WebP、HEIC、TIFF、BMP、GIF 或 AVIF）。</translation>
    </message>
    <message>
        <source>The class pictures in {folder} are the pictures that are to be learnt.</source>
        <translation>{folder} 中的类别图片就是要学习的图片。</translation>
    </message>
    <message>
        <source>Choose a folder with pictures of other members of the class, outside of the folder of your pictures, or leave it empty to have them drawn.</source>
        <translation>请选择一个放有该类别其他成员图片的文件夹，且不在你的图片文件夹之内；或留空，由程序绘制。</translation>
    </message>
    <message>
        <source>The folder {folder} is not there or is not a folder.</source>
        <translation>文件夹 {folder} 不存在，或者不是文件夹。</translation>
    </message>
    <message>
        <source>Choose the folder that holds your pictures.</source>
        <translation>请选择存放图片的文件夹。</translation>
    </message>
    <message>
        <source>The settings need a change: {problems}</source>
        <translation>有些设置需要修改：{problems}</translation>
    </message>
    <message>
        <source>Change what is named and start again.</source>
        <translation>请修改上述设置，然后重新开始。</translation>
    </message>
    <message>
        <source>{path} could not be read as settings: {reason}</source>
        <translation>无法将 {path} 作为设置读取：{reason}</translation>
    </message>
    <message>
        <source>There is no model at {path}.</source>
        <translation>{path} 处没有模型。</translation>
    </message>
    <message>
        <source>Choose a .safetensors file or a diffusers folder, or write starter.</source>
        <translation>请选择 .safetensors 文件或 diffusers 文件夹，也可以填写 starter。</translation>
    </message>
    <message>
        <source>{path} is a LoRA, an add-on to a model.</source>
        <translation>{path} 是 LoRA，只是模型的附加文件。</translation>
    </message>
    <message>
        <source>Choose the base model that it was made for.</source>
        <translation>请选择它所对应的基础模型。</translation>
    </message>
    <message>
        <source>{path} is {what}, which Imprint cannot train yet.</source>
        <translation>{path} 是{what}，Imprint 目前还不能训练。</translation>
    </message>
    <message>
        <source>{path} is only a Git LFS pointer of {num_bytes} bytes, not the model itself.</source>
        <translation>{path} 只是 {num_bytes} 字节的 Git LFS 指针，不是模型本身。</translation>
    </message>
    <message>
        <source>Download the real file, or run git lfs pull.</source>
        <translation>请下载真正的文件，或运行 git lfs pull。</translation>
    </message>
    <message>
        <source>{path} is cut short: {have_mib:.1f} of {need_mib:.1f} MiB are there.</source>
        <translation>{path} 不完整：应有 {need_mib:.1f} MiB，只有 {have_mib:.1f} MiB。</translation>
    </message>
    <message>
        <source>The download was not finished. Download it again.</source>
        <translation>下载没有完成。请重新下载。</translation>
    </message>
    <message>
        <source>{path} is damaged: {reason}.</source>
        <translation>{path} 已损坏：{reason}。</translation>
    </message>
    <message>
        <source>Download it again, or choose another file.</source>
        <translation>请重新下载，或选择其他文件。</translation>
    </message>
    <message>
        <source>{path} is damaged: {name} is {given} in {file}; it must be {wanted}.</source>
        <translation>{path} 已损坏：{file} 中的 {name} 为 {given}，应为{wanted}。</translation>
    </message>
    <message>
        <source>{path} is damaged: with the betas in {file} nothing is left of a picture after timestep {step} of {steps}.</source>
        <translation>{path} 已损坏：按 {file} 中的 beta 值，在第 {step} 个时间步（共 {steps} 个）之后图片就不剩任何内容了。</translation>
    </message>
    <message>
        <source>{path} is an old-style checkpoint, a kind of file that can hold program code. It was not opened.</source>
        <translation>{path} 是旧式模型文件，这类文件可能含有程序代码，因此没有打开。</translation>
    </message>
    <message>
        <source>Get the .safetensors version of the same model.</source>
        <translation>请获取同一模型的 .safetensors 版本。</translation>
    </message>
    <message>
        <source>{path} contains program code ({what}) and was not opened.</source>
        <translation>{path} 含有程序代码（{what}），未打开。</translation>
    </message>
    <message>
        <source>Ask for a .safetensors version.</source>
        <translation>请索取 .safetensors 版本。</translation>
    </message>
    <message>
        <source>{path} contains leftovers of its training ({what}) that Imprint does not open.</source>
        <translation>{path} 含有训练时的残留内容（{what}），Imprint 不会打开。</translation>
    </message>
    <message>
        <source>Ask for a .safetensors version, or convert it in the program that made it.</source>
        <translation>请索取 .safetensors 版本，或用生成它的程序进行转换。</translation>
    </message>
    <message>
        <source>{path} was made without {parts}.</source>
        <translation>{path} 制作时不含{parts}。</translation>
    </message>
    <message>
        <source>Choose a version of the same model that has all its parts.</source>
        <translation>请选择同一模型中包含全部部分的版本。</translation>
    </message>
    <message>
        <source>{path} was made without a VAE, the part that turns pictures into latents.</source>
        <translation>{path} 制作时不含 VAE，即把图片变成潜变量的部分。</translation>
    </message>
    <message>
        <source>Put the VAE beside it as {name}, or choose a version of the model with a VAE.</source>
        <translation>请把 VAE 以 {name} 的名称放在它旁边，或选择带 VAE 的版本。</translation>
    </message>
    <message>
        <source>Clip skip is {clip_skip}, but the text encoder of {model} has too few layers for that.</source>
        <translation>Clip skip 为 {clip_skip}，但 {model} 的文本编码器没有那么多层。</translation>
    </message>
    <message>
        <source>Set clip skip to {largest} or less; 1 is what the model was made for.</source>
        <translation>请将 clip skip 设为 {largest} 或更小；模型原本使用 1。</translation>
    </message>
    <message>
        <source>{path} is not a Stable Diffusion model ({what}).</source>
        <translation>{path} 不是 Stable Diffusion 模型（{what}）。</translation>
    </message>
    <message>
        <source>Choose a .safetensors file or a diffusers folder.</source>
        <translation>请选择 .safetensors 文件或 diffusers 文件夹。</translation>
    </message>
    <message>
        <source>There is no file at {path}.</source>
        <translation>{path} 处没有文件。</translation>
    </message>
    <message>
        <source>{path} could not be used: {count} of its {total} layers have names that Imprint does not know: {names}.</source>
        <translation>无法使用 {path}：{total} 层中有 {count} 层的名称 Imprint 不认识：{names}。</translation>
    </message>
    <message>
        <source>Nothing was applied. Save it with kohya&apos;s or diffusers&apos; names in the program that made it.</source>
        <translation>没有应用任何内容。请在制作它的程序中以 kohya 或 diffusers 的名称保存。</translation>
    </message>
    <message>
        <source>{path} is incomplete: tensors are missing from {count} of its {total} layers, the first is {name} (it has only {has}).</source>
        <translation>{path} 不完整：{total} 层中有 {count} 层缺少张量，第一层是 {name}（只有 {has}）。</translation>
    </message>
    <message>
        <source>Nothing was applied. Download the file again, or export it again.</source>
        <translation>没有应用任何内容。请重新下载或重新导出该文件。</translation>
    </message>
    <message>
        <source>{path} was made for {made_for}.</source>
        <translation>{path} 是为 {made_for} 制作的。</translation>
    </message>
    <message>
        <source>Choose a file that was made for Stable Diffusion 1.x, 2.x or XL.</source>
        <translation>请选择为 Stable Diffusion 1.x、2.x 或 XL 制作的文件。</translation>
    </message>
    <message>
        <source>Choose the base model that it was trained on.</source>
        <translation>请选择训练它时所用的基础模型。</translation>
    </message>
    <message>
        <source>{path} holds vectors for only one text encoder ({width} wide); this model has two.</source>
        <translation>{path} 只含一个文本编码器的向量（宽 {width}）；本模型有两个文本编码器。</translation>
    </message>
    <message>
        <source>Put the other half beside it as {other}, or choose an embedding made for {model}.</source>
        <translation>请把另一半以 {other} 的名称放在它旁边，或选择为 {model} 制作的嵌入。</translation>
    </message>
    <message>
        <source>{first} and {second} both teach the word {word}, and a prompt can call only one of them.</source>
        <translation>{first} 和 {second} 都教了单词 {word}，而提示词只能调用其中一个。</translation>
    </message>
    <message>
        <source>Leave one of them out. An embedding gets another word by renaming its file.</source>
        <translation>请去掉其中一个。重命名嵌入文件即可改变它的词。</translation>
    </message>
    <message>
        <source>{path} is an embedding, which has no weight of its own; {weight:g} was given.</source>
        <translation>{path} 是嵌入，本身没有权重；但给出了 {weight:g}。</translation>
    </message>
    <message>
        <source>Give the file alone, and write ({written}:{weight:g}) in the prompt.</source>
        <translation>请只给出文件，并在提示词中写 ({written}:{weight:g})。</translation>
    </message>
    <message>
        <source>The hypernetwork was made for another model: it has nets for inputs {widths} wide; this model has inputs {model_widths} wide.</source>
        <translation>这个超网络是为其他模型制作的：它的网络对应的输入宽度为 {widths}；本模型的输入宽度为 {model_widths}。</translation>
    </message>
    <message>
        <source>{path} was made for {made_for}; this model is {model}.</source>
        <translation>{path} 是为 {made_for} 制作的；本模型是 {model}。</translation>
    </message>
    <message>
        <source>Choose an embedding that was made for this model.</source>
        <translation>请选择为本模型制作的嵌入。</translation>
    </message>
    <message>
        <source>Nothing can be written to {folder}: {reason}.</source>
        <translation>无法写入 {folder}：{reason}。</translation>
    </message>
    <message>
        <source>Choose another output folder, or change its rights.</source>
        <translation>请选择其他输出文件夹，或更改它的权限。</translation>
    </message>
    <message>
        <source>Nothing can be written to {lost} any more ({reason}). The result of step {step} was saved to {folder}.</source>
        <translation>已无法写入 {lost}（{reason}）。第 {step} 步的结果已保存到 {folder}。</translation>
    </message>
    <message>
        <source>Take it from there, and choose another output folder for the next run.</source>
        <translation>请从那里取用，并为下一次训练选择其他输出文件夹。</translation>
    </message>
    <message>
        <source>The disk of {folder} is full: {need_mib:.0f} MiB are needed, {free_mib:.0f} free.</source>
        <translation>{folder} 所在的磁盘已满：需要 {need_mib:.0f} MiB，剩余 {free_mib:.0f} MiB。</translation>
    </message>
    <message>
        <source>{folder} is not the folder of a run.</source>
        <translation>{folder} 不是训练记录文件夹。</translation>
    </message>
    <message>
        <source>Give a folder that holds config.json and checkpoints.</source>
        <translation>请指定含有 config.json 和 checkpoints 的文件夹。</translation>
    </message>
    <message>
        <source>The run {folder} has no {which} checkpoint.</source>
        <translation>训练记录 {folder} 中没有{which}检查点。</translation>
    </message>
    <message>
        <source>Resume it, or choose one of these steps: {steps}.</source>
        <translation>请继续这次训练，或从这些步中选择：{steps}。</translation>
    </message>
    <message>
        <source>Another Imprint is writing the run {folder}.</source>
        <translation>另一个 Imprint 正在写入训练记录 {folder}。</translation>
    </message>
    <message>
        <source>Wait until it is done, or stop it first.</source>
        <translation>请等它完成，或先停止它。</translation>
    </message>
    <message>
        <source>All processes of the run have ended. Fix the cause, then resume the run.</source>
        <translation>这次训练的所有进程都已结束。请先排除原因，再继续训练。</translation>
    </message>
    <message>
        <source>Training went off the rails at step {step}: the loss is no longer a number.</source>
        <translation>训练在第 {step} 步失控：损失不再是有效数字。</translation>
    </message>
    <message>
        <source>The last good state is step {last_step}. Start again with a lower learning rate.</source>
        <translation>最后的正常状态是第 {last_step} 步。请降低学习率后重新开始。</translation>
    </message>
    <message>
        <source>This model predicts noise; zero terminal SNR needs one that predicts v.</source>
        <translation>本模型预测噪声；零终端信噪比需要预测 v 的模型。</translation>
    </message>
    <message>
        <source>Switch zero terminal SNR off, or choose another model.</source>
        <translation>请关闭零终端信噪比，或选择其他模型。</translation>
    </message>
    <message>
        <source>This run cannot go on from {path}: {reason}.</source>
        <translation>无法从 {path} 继续本次训练：{reason}。</translation>
    </message>
    <message>
        <source>Choose a result of the same method, model and size, or leave it empty.</source>
        <translation>请选择方法、模型和大小都相同的结果，或留空。</translation>
    </message>
    <message>
        <source>{path} does not fit this model: {num_missing} of {num_layers} layers have other shapes.</source>
        <translation>{path} 与本模型不符：{num_layers} 层中有 {num_missing} 层形状不同。</translation>
    </message>
    <message>
        <source>Correct the file, or write a new one.</source>
        <translation>请改正该文件，或重新写一个。</translation>
    </message>
    <message>
        <source>{path} is {program}. Imprint cannot use it.</source>
        <translation>{path} 是{program}。Imprint 无法使用它。</translation>
    </message>
    <message>
        <source>Set the same values in Imprint; docs/data-sets.md says how its data set is used.</source>
        <translation>请在 Imprint 中设置相同的值；docs/data-sets.md 说明如何使用其数据集。</translation>
    </message>
    <message>
        <source>{path} cannot be read: {reason}.</source>
        <translation>无法读取 {path}：{reason}。</translation>
    </message>
    <message>
        <source>Put it back, or change its rights so that it can be read, then try again.</source>
        <translation>请把它放回原处，或更改权限使其可读，然后重试。</translation>
    </message>
    <message>
        <source>Free some space, then try again.</source>
        <translation>请腾出一些空间再重试。</translation>
    </message>
    <message>
        <source>Free some space, then resume: the checkpoint of step {step} is safe.</source>
        <translation>请腾出一些空间再继续：第 {step} 步的检查点完好无损。</translation>
    </message>
    <message>
        <source>The record in {folder} cannot be read: {reason}.</source>
        <translation>无法读取 {folder} 中的记录：{reason}。</translation>
    </message>
    <message>
        <source>Nothing was changed. Make it readable and try again.</source>
        <translation>没有做任何更改。请使其可读后重试。</translation>
    </message>
    <message>
        <source>Process {number} of {count} failed: {reason}</source>
        <translation>{count} 个进程中的第 {number} 个失败：{reason}</translation>
    </message>
    <message>
        <source>Not enough memory on {device} for {what}.</source>
        <translation>{device}在{what}时内存不足。</translation>
    </message>
    <message>
        <source>Lower the resolution or the batch size.</source>
        <translation>请降低分辨率或每步图片数。</translation>
    </message>
    <message>
        <source>Measured: this run needs {needed_gib:.1f} GiB of memory and {disk_gib:.1f} GiB of disk; {free_gib:.1f} and {room_gib:.1f} GiB are free.</source>
        <translation>实测：这次训练需要 {needed_gib:.1f} GiB 内存和 {disk_gib:.1f} GiB 磁盘空间；可用的分别为 {free_gib:.1f} GiB 和 {room_gib:.1f} GiB。</translation>
    </message>
    <message>
        <source>Lower the resolution or the batch size, close other programs, or make room.</source>
        <translation>请降低分辨率或批大小、关闭其他程序，或腾出空间。</translation>
    </message>
    <message>
        <source>AdamW with 8 bits needs an NVIDIA card and the package bitsandbytes.</source>
        <translation>8 位 AdamW 需要 NVIDIA 显卡和 bitsandbytes 软件包。</translation>
    </message>
    <message>
        <source>Install Imprint with its extra &quot;cuda&quot;, or choose adafactor as optimizer.</source>
        <translation>请安装 Imprint 的附加组件“cuda”，或选择 adafactor 作为优化器。</translation>
    </message>
    <message>
        <source>{optimizer} cannot move the weights: {reason}.</source>
        <translation>{optimizer} 无法更新权重：{reason}。</translation>
    </message>
    <message>
        <source>Change that setting, or choose another optimizer.</source>
        <translation>请更改该设置，或选择其他优化器。</translation>
    </message>
    <message>
        <source>The checkpoint was written with the optimizer {was}, this run uses {now}.</source>
        <translation>检查点是用优化器 {was} 写入的，本次训练使用 {now}。</translation>
    </message>
    <message>
        <source>Choose {was} as optimizer, or start a new run.</source>
        <translation>请选择 {was} 作为优化器，或开始新的训练。</translation>
    </message>
    <message>
        <source>{method} cannot be saved as {format}.</source>
        <translation>{method} 不能保存为 {format} 格式。</translation>
    </message>
    <message>
        <source>Choose one of: {formats}.</source>
        <translation>请从这些格式中选择：{formats}。</translation>
    </message>
    <message>
        <source>A result for {model} cannot be saved as {format}.</source>
        <translation>{model} 的结果不能保存为 {format}。</translation>
    </message>
    <message>
        <source>Save it as {instead}.</source>
        <translation>请保存为 {instead}。</translation>
    </message>
    <message>
        <source>{path} was written, but it is not what was learnt: {reason}. It was kept as {aside} in {folder}.</source>
        <translation>{path} 已写入，但内容与所学的不一致：{reason}。文件已保留在 {folder} 中，名为 {aside}。</translation>
    </message>
    <message>
        <source>Export the run again. If that fails too, please report it.</source>
        <translation>请重新导出这次训练。如果仍然失败，请反馈此问题。</translation>
    </message>
    <message>
        <source>The training {name} failed: {reason}.</source>
        <translation>训练 {name} 失败：{reason}。</translation>
    </message>
    <message>
        <source>What was finished is kept. Mend that and start the comparison again.</source>
        <translation>已完成的部分都已保留。请解决后重新开始比较。</translation>
    </message>
    <message>
        <source>{folder} cannot be used to judge likeness: {reason}.</source>
        <translation>无法用 {folder} 判断相似度：{reason}。</translation>
    </message>
    <message>
        <source>Choose a CLIP or DINOv2 folder with safetensors weights, or leave it empty for the network that Imprint brings along.</source>
        <translation>请选择带 safetensors 权重的 CLIP 或 DINOv2 文件夹；留空则使用 Imprint 自带的网络。</translation>
    </message>
    <message>
        <source>To fit into {free_gib:.1f} GiB of free memory this run uses {measures}.</source>
        <translation>为了适应 {free_gib:.1f} GiB 的可用内存，本次训练采用{measures}。</translation>
    </message>
    <message>
        <source>It then needs about {needed_gib:.1f} GiB; steps take a little longer.</source>
        <translation>这样大约需要 {needed_gib:.1f} GiB；每一步会稍慢一些。</translation>
    </message>
    <message>
        <source>This run needs about {needed_gib:.1f} GiB at the least; {free_gib:.1f} GiB are free.</source>
        <translation>本次训练至少需要约 {needed_gib:.1f} GiB；可用 {free_gib:.1f} GiB。</translation>
    </message>
    <message>
        <source>It is tried all the same. Lower the resolution, or close other programs.</source>
        <translation>仍会尝试运行。请降低分辨率，或关闭其他程序。</translation>
    </message>
    <message>
        <source>This run needs about {needed_gib:.1f} GiB of memory; {free_gib:.1f} GiB are free. It would fit with {measures}, but that changes what is learnt.</source>
        <translation>这次训练约需 {needed_gib:.1f} GiB 内存；空闲 {free_gib:.1f} GiB。若采用{measures}则可以容纳，但会改变训练结果。</translation>
    </message>
    <message>
        <source>It is tried as it is. To use the change, choose &quot;Check this run&quot;, or add in the terminal: {switches}</source>
        <translation>将按原设置尝试。要采用此更改，请选择“检查这次训练”，或在终端中加上：{switches}</translation>
    </message>
    <message>
        <source>{name} is left out: {reason}</source>
        <translation>已跳过 {name}：{reason}</translation>
    </message>
    <message>
        <source>{name}: {reason}</source>
        <translation>{name}：{reason}</translation>
    </message>
    <message>
        <source>Left out: {names}. {reason}</source>
        <translation>未使用：{names}。{reason}</translation>
    </message>
    <message>
        <source>Folders named as for kohya&apos;s trainer: {names}.</source>
        <translation>按 kohya 训练器方式命名的文件夹：{names}。</translation>
    </message>
    <message>
        <source>Imprint takes no repeats and no words from the names of folders. Set the repeats, the trigger word and what it is yourself.</source>
        <translation>Imprint 不从文件夹名称读取重复次数和词语。请自行设置重复次数、触发词和类别词。</translation>
    </message>
    <message>
        <source>Masks of {count} pictures: {names}.</source>
        <translation>{count} 张图片的遮罩：{names}。</translation>
    </message>
    <message>
        <source>They are not trained on as pictures. “Masks: file” makes use of them.</source>
        <translation>它们不会作为图片训练。将“Masks”设为 file 即可使用。</translation>
    </message>
    <message>
        <source>The captions of {names}: {reason}</source>
        <translation>{names} 的描述：{reason}</translation>
    </message>
    <message>
        <source>The captions in {name} are not used: {reason}</source>
        <translation>未使用 {name} 中的描述：{reason}</translation>
    </message>
    <message>
        <source>Left out: {names}. No captions of these pictures are in there.</source>
        <translation>未使用：{names}。其中没有这些图片的描述。</translation>
    </message>
    <message>
        <source>Captions are read from .json, .jsonl, .csv and .tsv files that name each picture beside its caption.</source>
        <translation>.json、.jsonl、.csv 和 .tsv 文件中，每张图片的文件名与描述写在一起时，才会读取描述。</translation>
    </message>
    <message>
        <source>Pictures: {count}. That works, but the result copies them.</source>
        <translation>只有 {count} 张图片。可以训练，但结果会照搬它们。</translation>
    </message>
    <message>
        <source>8 or more are better.</source>
        <translation>最好有 8 张以上。</translation>
    </message>
    <message>
        <source>The pictures are not those of the start: {came} came, {went} went.</source>
        <translation>图片与开始训练时不同：新增 {came} 张，减少 {went} 张。</translation>
    </message>
    <message>
        <source>The run goes on with those that are there now.</source>
        <translation>训练将使用现有的图片继续进行。</translation>
    </message>
    <message>
        <source>Class pictures cannot be kept for other runs: {reason}.</source>
        <translation>类别图片无法保留给其他训练使用：{reason}。</translation>
    </message>
    <message>
        <source>They are drawn for this run alone, into {folder}.</source>
        <translation>它们只为本次训练绘制，保存在 {folder}。</translation>
    </message>
    <message>
        <source>Edits or captions of {count} pictures belong to pictures that are no longer there.</source>
        <translation>在 Imprint 中为 {count} 张图片所做的设置，不属于现在的任何一张图片。</translation>
    </message>
    <message>
        <source>A picture that another program saved again counts as a new picture: it is trained on without its edits and with the caption of its file. Check the pictures again.</source>
        <translation>被其他程序重新保存过的图片就是另一张图片：训练时不会使用它的编辑，描述取自它的文件。请再看一遍图片。</translation>
    </message>
    <message>
        <source>This run began on the base model {was} and goes on with {path}. Different: {files}.</source>
        <translation>本次训练开始时的基础模型是 {was}，现在使用 {path}。不同的文件：{files}。</translation>
    </message>
    <message>
        <source>The result may fit neither of the two. Stop and put the first one back, or start a new run, unless you mean it.</source>
        <translation>结果可能两者都不适用。除非有意如此，请停止并放回原来的模型，或开始新的训练。</translation>
    </message>
    <message>
        <source>The base model {path} is not what it was when this run began: {files} changed.</source>
        <translation>基础模型 {path} 与本次训练开始时不同：{files} 已更改。</translation>
    </message>
    <message>
        <source>{file} could not be used and was written again.</source>
        <translation>{file} 无法使用，已重新写入。</translation>
    </message>
    <message>
        <source>What was there is kept as {aside}.</source>
        <translation>原来的内容保存为 {aside}。</translation>
    </message>
    <message>
        <source>Prepared pictures could not be kept: {reason}</source>
        <translation>无法保存处理好的图片：{reason}</translation>
    </message>
    <message>
        <source>A sample picture could not be written: {reason}</source>
        <translation>无法写入采样图：{reason}</translation>
    </message>
    <message>
        <source>It is written once there is room; training goes on.</source>
        <translation>有空间后会写入；训练继续。</translation>
    </message>
    <message>
        <source>The drawn class picture {name} could not be read.</source>
        <translation>无法读取绘制的类别图片 {name}。</translation>
    </message>
    <message>
        <source>It is drawn again.</source>
        <translation>将重新绘制。</translation>
    </message>
    <message>
        <source>Your own class pictures: {count} can be used, of {files} files in {folder}.</source>
        <translation>自备的类别图片：{folder} 中 {files} 个文件里有 {count} 张可用。</translation>
    </message>
    <message>
        <source>None is drawn beside them: “Class pictures” ({wanted}) counts only where no folder of your own is chosen.</source>
        <translation>不会另外绘制：“类别图片”（{wanted}）只在没有选择自备文件夹时有效。</translation>
    </message>
    <message>
        <source>A picture for measuring likeness was not kept: {reason}</source>
        <translation>一张用于测量相似度的图片未能保存：{reason}</translation>
    </message>
    <message>
        <source>Not trained on but compared with, to measure likeness: {names}.</source>
        <translation>为测量相似度，以下图片不参与训练，只用于比较：{names}。</translation>
    </message>
    <message>
        <source>To train on all, switch &quot;Keep pictures back&quot; off.</source>
        <translation>若要用全部图片训练，请关闭“留出图片”。</translation>
    </message>
    <message>
        <source>There was no room on the disk for a sample picture.</source>
        <translation>磁盘上没有空间存放一张样图。</translation>
    </message>
    <message>
        <source>Step {step} of {last} is exported: {reason}.</source>
        <translation>导出的是第 {step} 步（共 {last} 步）：{reason}。</translation>
    </message>
    <message>
        <source>The other checkpoints are kept and can be exported too.</source>
        <translation>其他检查点都已保留，也可以导出。</translation>
    </message>
    <message>
        <source>The run ended at step {step}: the last {patience} checkpoints were no more like your pictures.</source>
        <translation>训练在第 {step} 步结束：最近 {patience} 个检查点不再更像你的图片。</translation>
    </message>
    <message>
        <source>On battery ({percent:.0f} % left).</source>
        <translation>正在使用电池（剩余 {percent:.0f} %）。</translation>
    </message>
    <message>
        <source>Training may be much slower, and stops when the battery is empty: plug in.</source>
        <translation>训练可能慢很多，电池耗尽时会停止：请接通电源。</translation>
    </message>
    <message>
        <source>This computer cannot be kept awake from here.</source>
        <translation>无法让这台电脑保持唤醒。</translation>
    </message>
    <message>
        <source>Set its power plan to never sleep while the training runs.</source>
        <translation>请在训练期间把电源计划设为从不睡眠。</translation>
    </message>
    <message>
        <source>Step {step} gave no usable numbers and was left out; the run goes on.</source>
        <translation>第 {step} 步没有得到有效数值，已略过；训练继续。</translation>
    </message>
    <message>
        <source>If it happens again and again, lower the learning rate.</source>
        <translation>如果反复出现，请降低学习率。</translation>
    </message>
    <message>
        <source>Training went off the rails at step {step}. It goes on from step {back}, the last good state, with {percent:.0f} % of the learning rate.</source>
        <translation>训练在第 {step} 步失控。已回到最后的良好状态（第 {back} 步），以 {percent:.0f} % 的学习率继续。</translation>
    </message>
    <message>
        <source>The usual cause is a learning rate that is too high: start lower the next time.</source>
        <translation>通常是学习率过高：下次请从更低的值开始。</translation>
    </message>
    <message>
        <source>The learning rate is {rate:g}; {usual:g} is usual here.</source>
        <translation>学习率为 {rate:g}，此处通常为 {usual:g}。</translation>
    </message>
    <message>
        <source>If the samples turn to noise, stop and divide it by ten.</source>
        <translation>如果样图变成噪点，请停止训练，并将学习率除以十。</translation>
    </message>
    <message>
        <source>The loss is rising: it was at its lowest at step {step}.</source>
        <translation>损失在上升：第 {step} 步时最低。</translation>
    </message>
    <message>
        <source>Look at the samples; an earlier step may be better.</source>
        <translation>请看样图；较早的步数可能更好。</translation>
    </message>
    <message>
        <source>The disk of {folder} is nearly full: {free_gib:.1f} GiB are free.</source>
        <translation>{folder} 所在磁盘快满了：只剩 {free_gib:.1f} GiB。</translation>
    </message>
    <message>
        <source>Free some space; the training waits before the disk is full.</source>
        <translation>请腾出一些空间；磁盘写满之前训练会先暂停等待。</translation>
    </message>
    <message>
        <source>The disk of {folder} is full: {free_mib:.0f} MiB are free, {need_mib:.0f} are needed. The training waits; nothing is lost.</source>
        <translation>{folder} 所在磁盘已满：剩余 {free_mib:.0f} MiB，需要 {need_mib:.0f} MiB。训练正在等待，没有任何丢失。</translation>
    </message>
    <message>
        <source>Free some space, and it goes on by itself.</source>
        <translation>腾出空间后会自动继续。</translation>
    </message>
    <message>
        <source>The run&apos;s own record could not be written: {reason}</source>
        <translation>训练记录无法写入：{reason}</translation>
    </message>
    <message>
        <source>The history of the run lacks its end; the trained weights are not concerned.</source>
        <translation>这次训练的历史会缺少结尾部分；训练得到的权重不受影响。</translation>
    </message>
    <message>
        <source>{file} is damaged: settings that could not be read have their defaults.</source>
        <translation>{file} 已损坏：无法读取的设置已使用默认值。</translation>
    </message>
    <message>
        <source>Nothing that is known here has this name: {tags}. It does nothing.</source>
        <translation>这里没有叫这个名字的文件：{tags}。它不起作用。</translation>
    </message>
    <message>
        <source>Give the file itself, or put it into a run&apos;s exports or a front end&apos;s folder.</source>
        <translation>请直接给出该文件，或把它放进某次训练的导出文件夹或前端程序的文件夹。</translation>
    </message>
    <message>
        <source>Imprint does not do this part of a prompt and draws it as text: {pieces}</source>
        <translation>Imprint 不支持提示词中的这一部分，按普通文字绘制：{pieces}</translation>
    </message>
    <message>
        <source>Prompt editing, alternating words, AND, wildcards and {{a|b}} are for other programs.</source>
        <translation>提示词编辑、交替词、AND、通配符和 {{a|b}} 适用于其他程序。</translation>
    </message>
    <message>
        <source>{name} also holds vectors for the text encoder&apos;s output (OneTrainer&apos;s); they are not used.</source>
        <translation>{name} 还含有用于文本编码器输出的向量（OneTrainer 的）；它们未被使用。</translation>
    </message>
    <message>
        <source>{name} changes nothing: its alpha, or what is multiplied with it, is zero.</source>
        <translation>{name} 不起任何作用：它的 alpha 或与之相乘的数值为零。</translation>
    </message>
    <message>
        <source>It has no effect on these pictures. Export the file again, or train longer.</source>
        <translation>它对这些图片没有作用。请重新导出该文件，或训练更久。</translation>
    </message>
    <message>
        <source>A picture came out black and was drawn again with a wider range of numbers.</source>
        <translation>有一张图片是全黑的，已用数值范围更大的精度重新生成。</translation>
    </message>
    <message>
        <source>Choose bf16 or fp32 as precision, and it does not happen.</source>
        <translation>把精度设为 bf16 或 fp32 就不会出现这种情况。</translation>
    </message>
    <message>
        <source>A picture is black: the model&apos;s answers are no numbers any more.</source>
        <translation>图片是全黑的：模型的输出已不是有效数值。</translation>
    </message>
    <message>
        <source>Use an earlier step, or train with a lower learning rate.</source>
        <translation>请使用较早的步数，或用更低的学习率训练。</translation>
    </message>
    <message>
        <source>Memory ran out in step {step}. It is taken again with {measure}.</source>
        <translation>第 {step} 步内存不足，已改用{measure}重新执行。</translation>
    </message>
    <message>
        <source>What is learnt stays the same; each step takes longer. Close other programs.</source>
        <translation>学到的内容不变，只是每一步更慢。建议关闭其他程序。</translation>
    </message>
    <message>
        <source>Memory ran out while drawing a sample, so it was left out; training goes on.</source>
        <translation>生成样图时内存不足，已跳过；训练继续。</translation>
    </message>
    <message>
        <source>Close other programs, or switch the samples off.</source>
        <translation>请关闭其他程序，或关闭样图。</translation>
    </message>
    <message>
        <source>Memory ran out while measuring likeness at step {step}, so it was left out; training goes on.</source>
        <translation>在第 {step} 步测量相似度时内存不足，已跳过；训练继续进行。</translation>
    </message>
    <message>
        <source>Close other programs, or switch the measuring of likeness off.</source>
        <translation>请关闭其他程序，或关闭相似度测量。</translation>
    </message>
    <message>
        <source>The graphics card is at {celsius} °C.</source>
        <translation>显卡温度为 {celsius} °C。</translation>
    </message>
    <message>
        <source>It slows down to protect itself. A pause lets it cool down to {cool} °C.</source>
        <translation>显卡会自动降速保护自己。暂停可让它降到 {cool} °C。</translation>
    </message>
    <message>
        <source>{name} was made with an earlier version of Imprint and was upgraded.</source>
        <translation>{name} 由较早版本的 Imprint 创建，已升级。</translation>
    </message>
    <message>
        <source>The project as it was is kept as {backup}.</source>
        <translation>原来的项目已备份为 {backup}。</translation>
    </message>
    <message>
        <source>{name} was made with a later version of Imprint; some of it may be unknown here.</source>
        <translation>{name} 由较新版本的 Imprint 创建，部分内容此版本可能无法识别。</translation>
    </message>
    <message>
        <source>Pictures, captions and runs are untouched; the damaged file is kept as {backup}.</source>
        <translation>图片、描述和训练记录都未受影响；损坏的文件已备份为 {backup}。</translation>
    </message>
    <message>
        <source>{file} could not be read ({reason}), so this project has its default settings.</source>
        <translation>无法读取 {file}（{reason}），因此本项目使用默认设置。</translation>
    </message>
    <message>
        <source>Pictures, captions and runs are untouched. The file is kept as {backup}: make it readable and give it its name back.</source>
        <translation>图片、描述和训练记录都未改动。该文件保存为 {backup}：请使其可读并改回原名。</translation>
    </message>
    <message>
        <source>Imprint ended unexpectedly the last time.</source>
        <translation>Imprint 上次意外退出。</translation>
    </message>
    <message>
        <source>The report is {file} on this computer; nothing was sent.</source>
        <translation>报告保存在本机的 {file} 里，没有发送到任何地方。</translation>
    </message>
    <message>
        <source>Imprint did not close properly the last time.</source>
        <translation>Imprint 上次没有正常关闭。</translation>
    </message>
    <message>
        <source>It was ended from outside, or the computer went off. Projects are saved as you work.</source>
        <translation>它被其他程序结束，或者电脑断电了。项目在你操作时会随时保存。</translation>
    </message>
    <message>
        <source>Imprint made a mistake during the last session.</source>
        <translation>Imprint 上次运行期间出过错。</translation>
    </message>
    <message>
        <source>The project {file} could not be opened, so Imprint started without it.</source>
        <translation>无法打开项目 {file}，因此 Imprint 启动时没有打开它。</translation>
    </message>
    <message>
        <source>Nothing in {folder} was changed. Look for what is odd there, or set the file aside; a new project with the same pictures is made by dropping them here.</source>
        <translation>{folder} 中的内容没有任何改动。请检查其中是否有异常，或将该文件移开；把同样的图片拖到这里即可新建项目。</translation>
    </message>
    <message>
        <source>Imprint ended while the guide was open. Its pictures are the project {name} now.</source>
        <translation>上次 Imprint 在向导打开时结束了。向导中的图片现在保存为项目 {name}。</translation>
    </message>
    <message>
        <source>The copies lie in {folder}. Set the trigger word and the method on the pages.</source>
        <translation>图片副本位于 {folder}。请在各页面上设置触发词和方法。</translation>
    </message>
    <message>
        <source>Imprint did not close properly; the training {name} was interrupted at step {step}.</source>
        <translation>Imprint 没有正常关闭；训练 {name} 在第 {step} 步中断。</translation>
    </message>
    <message>
        <source>It can continue from the checkpoint of step {checkpoint}.</source>
        <translation>可以从第 {checkpoint} 步的检查点继续。</translation>
    </message>
    <message>
        <source>Imprint ended unexpectedly; the training {name} was interrupted at step {step}.</source>
        <translation>Imprint 意外退出；训练 {name} 在第 {step} 步中断。</translation>
    </message>
    <message>
        <source>It can continue from the checkpoint of step {checkpoint}. The report is {file} on this computer; nothing was sent.</source>
        <translation>可以从第 {checkpoint} 步的检查点继续。报告保存在本机的 {file} 里，没有发送到任何地方。</translation>
    </message>
    <message>
        <source>Imprint did not close properly; the training {name} was interrupted at step {step}, before its first checkpoint.</source>
        <translation>Imprint 没有正常关闭；训练 {name} 在第 {step} 步中断，当时还没有检查点。</translation>
    </message>
    <message>
        <source>Start it again on the Training page.</source>
        <translation>请在“训练”页上重新开始。</translation>
    </message>
    <message>
        <source>This is Imprint {version} now.</source>
        <translation>Imprint 已更新到 {version}。</translation>
    </message>
    <message>
        <source>Projects of earlier versions open as they are.</source>
        <translation>旧版本的项目可以直接打开。</translation>
    </message>
    <message>
        <source>What was fetched for the graphics card does not work any more; it was taken out.</source>
        <translation>为显卡下载的组件已无法使用，现已移除。</translation>
    </message>
    <message>
        <source>Start Imprint anew: the processor does the work then, and it can be fetched again.</source>
        <translation>请重新启动 Imprint：之后由处理器运算，也可以重新下载该组件。</translation>
    </message>
    <message>
        <source>The pictures are drawn between the steps of the training.</source>
        <translation>图片在训练的各步之间绘制。</translation>
    </message>
    <message>
        <source>Both take longer until the grid is done.</source>
        <translation>网格完成之前，两者都会慢一些。</translation>
    </message>
    <message>
        <source>The grid needs about {needed_gib:.1f} GiB beside the training; {free_gib:.1f} GiB are free.</source>
        <translation>网格在训练之外还需要约 {needed_gib:.1f} GiB；可用 {free_gib:.1f} GiB。</translation>
    </message>
    <message>
        <source>It is drawn when the training has ended.</source>
        <translation>训练结束后再绘制。</translation>
    </message>
    <message>
        <source>Training goes on; the next start prepares them again.</source>
        <translation>训练照常进行；下次启动时会重新处理。</translation>
    </message>
    <message>
        <source>Choose an SD 1.x, 2.x or SDXL model.</source>
        <translation>请选择 SD 1.x、2.x 或 SDXL 模型。</translation>
    </message>
    <message>
        <source>{path} could not be read: {reason}.</source>
        <translation>无法读取 {path}：{reason}。</translation>
    </message>
    <message>
        <source>Choose a LoRA, an embedding or a hypernetwork.</source>
        <translation>请选择 LoRA、嵌入或超网络。</translation>
    </message>
    <message>
        <source>{path} is {kind}, which Imprint does not apply.</source>
        <translation>{path} 是 {kind}，Imprint 不支持应用。</translation>
    </message>
    <message>
        <source>Nothing was applied. Choose a LoRA, LoHa or LoKr, or a model it was baked into.</source>
        <translation>没有应用任何内容。请选择 LoRA、LoHa 或 LoKr，或已合并它的模型。</translation>
    </message>
    <message>
        <source>A text is cut after {limit} tokens: {text}</source>
        <translation>有一段文字在 {limit} 个词元处被截断：{text}</translation>
    </message>
    <message>
        <source>Left out of the training: {names}.</source>
        <translation>不参与训练：{names}。</translation>
    </message>
    <message>
        <source>Click a picture to see why.</source>
        <translation>点击图片查看原因。</translation>
    </message>
    <message>
        <source>The same or nearly the same: {names}.</source>
        <translation>相同或几乎相同：{names}。</translation>
    </message>
    <message>
        <source>Copies count twice in the training.</source>
        <translation>重复的图片在训练中会算两次。</translation>
    </message>
    <message>
        <source>Smaller than {side} pixels: {names}.</source>
        <translation>小于 {side} 像素：{names}。</translation>
    </message>
    <message>
        <source>They are enlarged and look soft.</source>
        <translation>它们会被放大，看起来发虚。</translation>
    </message>
    <message>
        <source>Perhaps blurred: {names}.</source>
        <translation>可能模糊：{names}。</translation>
    </message>
    <message>
        <source>Blur is learnt as well. Have a look.</source>
        <translation>模糊也会被学进去，请看一看。</translation>
    </message>
    <message>
        <source>One colour all over: {names}.</source>
        <translation>整张只有一种颜色：{names}。</translation>
    </message>
    <message>
        <source>There is nothing to learn from it.</source>
        <translation>从中学不到任何内容。</translation>
    </message>
    <message>
        <source>The transparent part becomes white: {names}.</source>
        <translation>透明部分会变成白色：{names}。</translation>
    </message>
    <message>
        <source>Without a caption, so the standard one is used: {names}.</source>
        <translation>没有描述，将使用默认描述：{names}。</translation>
    </message>
    <message>
        <source>More than {limit} tokens in the caption of {names}.</source>
        <translation>描述超过 {limit} 个词元：{names}。</translation>
    </message>
    <message>
        <source>Say the important things first.</source>
        <translation>请把重要的内容写在前面。</translation>
    </message>
    <message>
        <source>The trigger word is not in the caption of {names}.</source>
        <translation>描述里没有触发词：{names}。</translation>
    </message>
    <message>
        <source>It is put in front while training.</source>
        <translation>训练时会自动加在最前面。</translation>
    </message>
    <message>
        <source>Written as for a prompt, with weights or tags: {names}.</source>
        <translation>写法像提示词，带有权重或标签语法：{names}。</translation>
    </message>
    <message>
        <source>While training they are words like any other.</source>
        <translation>训练时它们只会被当作普通文字。</translation>
    </message>
    <message>
        <source>Caption files without a picture: {names}.</source>
        <translation>没有对应图片的描述文件：{names}。</translation>
    </message>
    <message>
        <source>{names} and {count} more</source>
        <translation>{names} 等，另有 {count} 个</translation>
    </message>
    <message>
        <source>{folder} has no checkpoint to go on from: {reason}.</source>
        <translation>{folder} 没有可以继续的检查点：{reason}。</translation>
    </message>
    <message>
        <source>Nothing was changed. Put the checkpoints back from a copy and resume, or start a new run with the settings in config.json of that folder; it gets a folder of its own.</source>
        <translation>没有做任何更改。请从备份恢复检查点后继续，或用该文件夹中 config.json 的设置开始新的训练；新训练会有自己的文件夹。</translation>
    </message>
    <message>
        <source>{folder} cannot be read: {reason}.</source>
        <translation>无法读取 {folder}：{reason}。</translation>
    </message>
    <message>
        <source>Nothing was changed. Make it readable and try again. To go on from an earlier step, move it away.</source>
        <translation>没有做任何更改。请使其可读后重试。若要从更早的步继续，请把它移走。</translation>
    </message>
    <message>
        <source>The checkpoint of step {step} was made by a later version of Imprint.</source>
        <translation>第 {step} 步的检查点由更新版本的 Imprint 制作。</translation>
    </message>
    <message>
        <source>Nothing was changed. Update Imprint and try again.</source>
        <translation>没有做任何更改。请更新 Imprint 后重试。</translation>
    </message>
    <message>
        <source>The checkpoint of step {step} is damaged: {reason}.</source>
        <translation>第 {step} 步的检查点已损坏：{reason}。</translation>
    </message>
    <message>
        <source>Choose one of these steps: {steps}.</source>
        <translation>请选择以下步之一：{steps}。</translation>
    </message>
    <message>
        <source>The checkpoint was written with {setting}: {was}. This run uses {now}.</source>
        <translation>检查点写入时的“{setting}”为 {was}，本次训练使用 {now}。</translation>
    </message>
    <message>
        <source>What was learnt has another meaning or shape then. Set it back to {was} in config.json of the run, or start a new run.</source>
        <translation>这样学到的内容含义或形状就不同了。请在该训练的 config.json 中改回 {was}，或开始新的训练。</translation>
    </message>
    <message>
        <source>The checkpoint of step {step} does not fit the settings of this run: {reason}.</source>
        <translation>第 {step} 步的检查点与本次训练的设置不符：{reason}。</translation>
    </message>
    <message>
        <source>Set the method, its size and the base model back to what they were, or start a new run.</source>
        <translation>请把方法、大小和基础模型改回原来的设置，或开始新的训练。</translation>
    </message>
    <message>
        <source>An earlier one is used.</source>
        <translation>将使用更早的检查点。</translation>
    </message>
    <message>
        <source>Training goes on.</source>
        <translation>训练照常进行。</translation>
    </message>
    <message>
        <source>drawing</source>
        <translation>生成图片</translation>
    </message>
    <message>
        <source>step {step}</source>
        <translation>第 {step} 步</translation>
    </message>
    <message>
        <source>a sample picture</source>
        <translation>生成采样图</translation>
    </message>
    <message>
        <source>measuring likeness</source>
        <translation>测量相似度</translation>
    </message>
    <message>
        <source>A small add-on file. Fast, good, easy to share and mix.</source>
        <translation>小巧的附加文件：快、效果好、便于分享与混用。</translation>
    </message>
    <message>
        <source>Characters, styles, objects; several can be combined.</source>
        <translation>适合角色、画风、物品；可以多个组合使用。</translation>
    </message>
    <message>
        <source>Retrains the whole model. Strong likeness, biggest file.</source>
        <translation>重新训练整个模型。相似度高，文件最大。</translation>
    </message>
    <message>
        <source>When likeness matters most.</source>
        <translation>适合最看重相似度的时候。</translation>
    </message>
    <message>
        <source>Learns one new word. Tiny file, lowest memory, spoils nothing.</source>
        <translation>学会一个新词。文件极小，显存占用最低，不影响其他内容。</translation>
    </message>
    <message>
        <source>Small cards; cannot learn what the model cannot draw.</source>
        <translation>适合小显存显卡；学不会模型画不出的东西。</translation>
    </message>
    <message>
        <source>Older method. Kept for existing workflows.</source>
        <translation>较老的方法，仅供兼容旧工作流。</translation>
    </message>
    <message>
        <source>Weaker than a LoRA; only AUTOMATIC1111 and ComfyUI load it.</source>
        <translation>效果不如 LoRA；只有 AUTOMATIC1111 和 ComfyUI 能加载。</translation>
    </message>
    <message>
        <source>Not recommended: a LoRA learns more in less time, and Forge, InvokeAI, SD.Next and diffusers load no hypernetworks.</source>
        <translation>不推荐：LoRA 用更少的时间学到更多，而且 Forge、InvokeAI、SD.Next 和 diffusers 都不加载超网络。</translation>
    </message>
    <message>
        <source>Rank</source>
        <translation>秩（Rank）</translation>
    </message>
    <message>
        <source>How much the add-on can hold. Higher is larger, not always better.</source>
        <translation>附加文件能容纳多少内容。越高文件越大，但不一定更好。</translation>
    </message>
    <message>
        <source>Alpha</source>
        <translation>Alpha</translation>
    </message>
    <message>
        <source>The result is scaled by alpha / rank.</source>
        <translation>结果按 alpha / rank 缩放。</translation>
    </message>
    <message>
        <source>Kind of add-on</source>
        <translation>附加文件的种类</translation>
    </message>
    <message>
        <source>lora, loha and lokr leave as files of their own; no front end reads dora and oft as they are meant, so these leave as a whole model.</source>
        <translation>lora、loha 和 lokr 导出为各自的文件；没有前端能按原意读取 dora 和 oft，因此它们导出为完整模型。</translation>
    </message>
    <message>
        <source>Convolutions too</source>
        <translation>包括卷积层</translation>
    </message>
    <message>
        <source>Also called LoCon. Larger file; helps with styles.</source>
        <translation>也称 LoCon。文件更大；有助于学习风格。</translation>
    </message>
    <message>
        <source>Rank of convolutions</source>
        <translation>卷积层的秩</translation>
    </message>
    <message>
        <source>Of those with a 3x3 kernel. 0: the same as the rank.</source>
        <translation>用于 3x3 卷积核的层。0：与秩相同。</translation>
    </message>
    <message>
        <source>Vectors of a new word</source>
        <translation>新词的向量数</translation>
    </message>
    <message>
        <source>Also called pivotal tuning: the trigger word is learnt too, and leaves as a second file that belongs to the first. 0: no new word.</source>
        <translation>也称 pivotal tuning：触发词也一起学习，并另存为第二个文件，与第一个配套使用。0：不学新词。</translation>
    </message>
    <message>
        <source>Learning rate of the new word</source>
        <translation>新词的学习率</translation>
    </message>
    <message>
        <source>The word learns for as long as the text encoders are told to.</source>
        <translation>新词学习的时长与文本编码器的设定相同。</translation>
    </message>
    <message>
        <source>it cannot be used with the kind oft</source>
        <translation>它不能用于 oft</translation>
    </message>
    <message>
        <source>a new word needs an add-on beside it, and {kind} leaves a whole model</source>
        <translation>新词需要配套的附加文件，而 {kind} 会导出完整模型</translation>
    </message>
    <message>
        <source>it is for the kinds lora and dora and does nothing to {kind}</source>
        <translation>它只适用于 lora 和 dora，对 {kind} 不起作用</translation>
    </message>
    <message>
        <source>Ranks by block</source>
        <translation>各块的秩</translation>
    </message>
    <message>
        <source>For parts of the UNet, as in down=8, mid=4, up.1=16. Empty: all alike.</source>
        <translation>用于 UNet 的各部分，例如 down=8, mid=4, up.1=16。留空：全部相同。</translation>
    </message>
    <message>
        <source>Rank-stabilised</source>
        <translation>秩稳定</translation>
    </message>
    <message>
        <source>Scales by alpha / root of the rank, so that high ranks learn as fast.</source>
        <translation>按 alpha / 秩的平方根缩放，使高秩学得同样快。</translation>
    </message>
    <message>
        <source>LoRA+ ratio</source>
        <translation>LoRA+ 比例</translation>
    </message>
    <message>
        <source>How much faster the outer matrix learns than the inner one. 1: the same.</source>
        <translation>外侧矩阵比内侧矩阵学得快多少倍。1：相同。</translation>
    </message>
    <message>
        <source>LoKr factor</source>
        <translation>LoKr 因子</translation>
    </message>
    <message>
        <source>Size of the smaller of the two matrices. -1: as even as it goes.</source>
        <translation>两个矩阵中较小者的大小。-1：尽可能均匀。</translation>
    </message>
    <message>
        <source>{part} should read as down=8, mid=4 or up.1=16</source>
        <translation>{part} 应写成 down=8、mid=4 或 up.1=16 这样的形式</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>How big each step is. Too high ends in noise.</source>
        <translation>每一步的幅度。太高会学成噪声。</translation>
    </message>
    <message>
        <source>Weight of the class</source>
        <translation>类别的权重</translation>
    </message>
    <message>
        <source>Keeps other members of the class as they were. 0 switches it off.</source>
        <translation>让同类的其他事物保持原样。0 表示关闭。</translation>
    </message>
    <message>
        <source>Class pictures</source>
        <translation>类别图片</translation>
    </message>
    <message>
        <source>Drawn once by the base model, then kept. 0 needs none: the base model&apos;s own answer is the target instead.</source>
        <translation>由基础模型绘制一次并保留。0 表示不需要：改以基础模型自己的回答为目标。</translation>
    </message>
    <message>
        <source>Share of the run after which the text encoders stand still. 1 is to the end.</source>
        <translation>训练进行到这一比例后文本编码器不再变化。1 表示直到结束。</translation>
    </message>
    <message>
        <source>Go on from a file</source>
        <translation>从文件继续</translation>
    </message>
    <message>
        <source>A result of an earlier training, to learn on from.</source>
        <translation>先前训练的结果，在此基础上继续学习。</translation>
    </message>
    <message>
        <source>Text encoder learning rate</source>
        <translation>文本编码器学习率</translation>
    </message>
    <message>
        <source>0 leaves the text encoder as it is.</source>
        <translation>0 表示不训练文本编码器。</translation>
    </message>
    <message>
        <source>Text encoder learns until</source>
        <translation>文本编码器学习到</translation>
    </message>
    <message>
        <source>Prompt for class pictures</source>
        <translation>类别图片的提示词</translation>
    </message>
    <message>
        <source>Empty: the caption template with the class alone.</source>
        <translation>留空：使用描述模板，只含类别。</translation>
    </message>
    <message>
        <source>Own class pictures</source>
        <translation>自备的类别图片</translation>
    </message>
    <message>
        <source>A folder of pictures of the class, instead of drawn ones.</source>
        <translation>该类别的图片文件夹，代替绘制的图片。</translation>
    </message>
    <message>
        <source>Layer structure</source>
        <translation>层结构</translation>
    </message>
    <message>
        <source>Widths of the layers of each net, as multiples of its input; begins and ends with 1.</source>
        <translation>每个网络各层的宽度，以输入的倍数表示；首尾都是 1。</translation>
    </message>
    <message>
        <source>Activation</source>
        <translation>激活函数</translation>
    </message>
    <message>
        <source>What stands between the layers; linear is nothing.</source>
        <translation>层与层之间的函数；linear 表示没有。</translation>
    </message>
    <message>
        <source>Activation after the last layer too</source>
        <translation>最后一层之后也激活</translation>
    </message>
    <message>
        <source>Layer normalisation</source>
        <translation>层归一化</translation>
    </message>
    <message>
        <source>With an activation, and none after the last layer, ComfyUI draws other pictures with the file than AUTOMATIC1111 and Imprint do.</source>
        <translation>如果有激活函数而最后一层之后没有，ComfyUI 用该文件画出的图片会与 AUTOMATIC1111 和 Imprint 不同。</translation>
    </message>
    <message>
        <source>Dropout</source>
        <translation>Dropout</translation>
    </message>
    <message>
        <source>Share of the inner layers&apos; values that is left out at random.</source>
        <translation>内部各层的数值中随机忽略的比例。</translation>
    </message>
    <message>
        <source>First weights</source>
        <translation>初始权重</translation>
    </message>
    <message>
        <source>Zero begins at the base model as it is; the others begin a little beside it.</source>
        <translation>Zero 从基础模型原样开始；其他选项从略有偏离处开始。</translation>
    </message>
    <message>
        <source>Self-attention too</source>
        <translation>包括自注意力</translation>
    </message>
    <message>
        <source>Off: only what is read from the prompt is changed. Faster, weaker.</source>
        <translation>关闭：只改变从提示词读取的内容。更快，效果更弱。</translation>
    </message>
    <message>
        <source>the first and the last number must be 1</source>
        <translation>第一个和最后一个数必须是 1</translation>
    </message>
    <message>
        <source>every number must be at least {limit}</source>
        <translation>每个数至少为 {limit}</translation>
    </message>
    <message>
        <source>the nets would be too big; try 1, 2, 1</source>
        <translation>网络会太大；请试试 1, 2, 1</translation>
    </message>
    <message>
        <source>nets that end in {activation} cannot begin at zero; choose Normal</source>
        <translation>以 {activation} 结尾的网络不能从零开始；请选择 Normal</translation>
    </message>
    <message>
        <source>it must be numbers between commas, as in 1, 2, 1</source>
        <translation>必须是用逗号分隔的数，例如 1, 2, 1</translation>
    </message>
    <message>
        <source>Share of the add-on&apos;s inputs that is left out at random.</source>
        <translation>附加层输入中随机丢弃的比例。</translation>
    </message>
    <message>
        <source>Feed-forward layers too</source>
        <translation>同时训练前馈层</translation>
    </message>
    <message>
        <source>Off: only the attention layers learn.</source>
        <translation>关闭时只训练注意力层。</translation>
    </message>
    <message>
        <source>an 8-bit quantised model</source>
        <translation> 8 位量化模型</translation>
    </message>
    <message>
        <source>an inpainting model</source>
        <translation>局部重绘模型</translation>
    </message>
    <message>
        <source>an image-editing model (instruct-pix2pix)</source>
        <translation>图像编辑模型（instruct-pix2pix）</translation>
    </message>
    <message>
        <source>an upscaling model</source>
        <translation>放大模型</translation>
    </message>
    <message>
        <source>a depth-to-image model</source>
        <translation>深度图生图模型</translation>
    </message>
    <message>
        <source>a Flux model</source>
        <translation> Flux 模型</translation>
    </message>
    <message>
        <source>an SD 3 model</source>
        <translation> SD 3 模型</translation>
    </message>
    <message>
        <source>a PixArt model</source>
        <translation>PixArt 模型</translation>
    </message>
    <message>
        <source>a Stable Cascade model</source>
        <translation>Stable Cascade 模型</translation>
    </message>
    <message>
        <source>a model of the EDM kind</source>
        <translation>EDM 类模型</translation>
    </message>
    <message>
        <source>it holds only the averages (EMA) of a training</source>
        <translation>其中只有训练的平均权重（EMA）</translation>
    </message>
    <message>
        <source>it is a UNet alone</source>
        <translation>它只是一个 UNet</translation>
    </message>
    <message>
        <source>it is a VAE alone</source>
        <translation>它只是一个 VAE</translation>
    </message>
    <message>
        <source>it is a text encoder alone</source>
        <translation>它只是一个文本编码器</translation>
    </message>
    <message>
        <source>a text encoder</source>
        <translation>文本编码器</translation>
    </message>
    <message>
        <source>its first text encoder</source>
        <translation>第一个文本编码器</translation>
    </message>
    <message>
        <source>its second text encoder</source>
        <translation>第二个文本编码器</translation>
    </message>
    <message>
        <source>a model with a UNet of another shape</source>
        <translation>UNet 形状不同的模型</translation>
    </message>
    <message>
        <source>it holds no Stable Diffusion UNet</source>
        <translation>其中没有 Stable Diffusion 的 UNet</translation>
    </message>
    <message>
        <source>an inpainting or image-editing model</source>
        <translation>局部重绘或图像编辑模型</translation>
    </message>
    <message>
        <source>a 4-bit quantised model</source>
        <translation>4 位量化模型</translation>
    </message>
    <message>
        <source>a text encoder and a VAE: it is a UNet alone</source>
        <translation>文本编码器和 VAE：它只是一个 UNet</translation>
    </message>
    <message>
        <source>a {name}</source>
        <translation> {name}</translation>
    </message>
    <message>
        <source>an LCM-distilled model</source>
        <translation>LCM 蒸馏模型</translation>
    </message>
    <message>
        <source>a model that predicts {what}</source>
        <translation>预测 {what} 的模型</translation>
    </message>
    <message>
        <source>an SDXL refiner</source>
        <translation>SDXL 精炼模型</translation>
    </message>
    <message>
        <source>the folder {names}</source>
        <translation>文件夹 {names}</translation>
    </message>
    <message>
        <source>the file {name} is missing</source>
        <translation>缺少文件 {name}</translation>
    </message>
    <message>
        <source>{name} cannot be read</source>
        <translation>无法读取 {name}</translation>
    </message>
    <message>
        <source>{name} is no table of settings</source>
        <translation>{name} 不是设置表</translation>
    </message>
    <message>
        <source>{folder} has no weights</source>
        <translation>{folder} 中没有权重</translation>
    </message>
    <message>
        <source>{count} weights of the {part} are no numbers, the first in {name}</source>
        <translation>{part} 中有 {count} 个权重不是有效数字，首个位于 {name}</translation>
    </message>
    <message>
        <source>weights of the {part} are missing, {count} in all: {some}</source>
        <translation>缺少 {part} 的权重，共 {count} 个：{some}</translation>
    </message>
    <message>
        <source>the folder {name} is missing, and the text encoder has its own vocabulary</source>
        <translation>缺少文件夹 {name}，而该文本编码器有自己的词表</translation>
    </message>
    <message>
        <source>some of its weights are missing</source>
        <translation>缺少部分权重</translation>
    </message>
    <message>
        <source>its header is impossibly long</source>
        <translation>文件头长得不合理</translation>
    </message>
    <message>
        <source>it is a web page, perhaps of a failed download</source>
        <translation>它是网页，可能是下载失败留下的</translation>
    </message>
    <message>
        <source>a GGUF file</source>
        <translation> GGUF 文件</translation>
    </message>
    <message>
        <source>the file is empty</source>
        <translation>文件是空的</translation>
    </message>
    <message>
        <source>it is no safetensors file</source>
        <translation>它不是 safetensors 文件</translation>
    </message>
    <message>
        <source>it lists {count} tensors</source>
        <translation>其中列出了 {count} 个张量</translation>
    </message>
    <message>
        <source>the text in it is too long</source>
        <translation>其中的文字过长</translation>
    </message>
    <message>
        <source>the name {name} is too long</source>
        <translation>名称 {name} 过长</translation>
    </message>
    <message>
        <source>the shape of {name} is wrong</source>
        <translation>{name} 的形状有误</translation>
    </message>
    <message>
        <source>the size of {name} is wrong</source>
        <translation>{name} 的大小有误</translation>
    </message>
    <message>
        <source>the place of {name} is wrong</source>
        <translation>{name} 的位置有误</translation>
    </message>
    <message>
        <source>its header cannot be read</source>
        <translation>文件头无法读取</translation>
    </message>
    <message>
        <source>it holds bytes that belong to no tensor</source>
        <translation>其中有不属于任何张量的字节</translation>
    </message>
    <message>
        <source>loading the model</source>
        <translation>加载模型</translation>
    </message>
    <message>
        <source>preparing the pictures</source>
        <translation>处理图片</translation>
    </message>
    <message>
        <source>drawing class pictures</source>
        <translation>绘制类别图片时</translation>
    </message>
    <message>
        <source>{name} is missing</source>
        <translation>缺少 {name}</translation>
    </message>
    <message>
        <source>{name} contains NaN or Inf</source>
        <translation>{name} 含有 NaN 或 Inf</translation>
    </message>
    <message>
        <source>{name} is stored as {found}, not as {wanted}</source>
        <translation>{name} 以 {found} 存储，而不是 {wanted}</translation>
    </message>
    <message>
        <source>{name} is scaled by {found:.6g}; the training scales it by {wanted:.6g}</source>
        <translation>{name} 的缩放系数是 {found:.6g}，训练时是 {wanted:.6g}</translation>
    </message>
    <message>
        <source>{count} of {total} values of {name} are not the live ones rounded to {type}</source>
        <translation>{name} 的 {total} 个数值中有 {count} 个不等于训练中的数值按 {type} 舍入后的结果</translation>
    </message>
    <message>
        <source>{name} was not trained and is not the base model&apos;s</source>
        <translation>{name} 未经训练，却与底模中的不一致</translation>
    </message>
    <message>
        <source>the tensors of {name} are right, but multiplied they are not what was learnt</source>
        <translation>{name} 的各张量正确，但相乘后的结果与所学的不一致</translation>
    </message>
    <message>
        <source>{name} holds numbers that are none</source>
        <translation>{name} 含有无效数值</translation>
    </message>
    <message>
        <source>{name} has another shape</source>
        <translation>{name} 的形状不同</translation>
    </message>
    <message>
        <source>it holds no embedding of a known form</source>
        <translation>其中没有已知形式的嵌入</translation>
    </message>
    <message>
        <source>it is {mib:.0f} MiB large, far too large for an embedding</source>
        <translation>文件大小为 {mib:.0f} MiB，对嵌入来说过大</translation>
    </message>
    <message>
        <source>its two text encoders have unlike vectors</source>
        <translation>两个文本编码器的向量数不同</translation>
    </message>
    <message>
        <source>it has {count} vectors; 1 to {most} can be used</source>
        <translation>它有 {count} 个向量；可用 1 到 {most} 个</translation>
    </message>
    <message>
        <source>its numbers are no longer numbers</source>
        <translation>其中的数值已无效</translation>
    </message>
    <message>
        <source>it holds more than one word</source>
        <translation>其中不止一个词</translation>
    </message>
    <message>
        <source>it is the optimizer&apos;s state beside a hypernetwork</source>
        <translation>它是超网络旁边的优化器状态</translation>
    </message>
    <message>
        <source>it holds nets for something that is no width</source>
        <translation>其中有些网络对应的不是宽度</translation>
    </message>
    <message>
        <source>there is no pair of nets for width {width}</source>
        <translation>宽度 {width} 没有成对的网络</translation>
    </message>
    <message>
        <source>it holds no nets</source>
        <translation>其中没有网络</translation>
    </message>
    <message>
        <source>its layer structure makes no sense</source>
        <translation>它的层结构不合理</translation>
    </message>
    <message>
        <source>its activation {activation} is not known</source>
        <translation>未知的激活函数 {activation}</translation>
    </message>
    <message>
        <source>its {name} is neither true nor false</source>
        <translation>其中的 {name} 既不是真也不是假</translation>
    </message>
    <message>
        <source>the nets for width {width} are not built as it says</source>
        <translation>宽度 {width} 的网络与其描述不符</translation>
    </message>
    <message>
        <source>the nets for width {width} hold values that are none</source>
        <translation>宽度 {width} 的网络含有无效数值</translation>
    </message>
    <message>
        <source>the nets for width {width} hold {name}</source>
        <translation>宽度 {width} 的网络含有 {name}</translation>
    </message>
    <message>
        <source>the nets for width {width} are not whole</source>
        <translation>宽度 {width} 的网络不完整</translation>
    </message>
    <message>
        <source>embeddings inside pictures are not read</source>
        <translation>不读取图片中的嵌入</translation>
    </message>
    <message>
        <source>{title} with text encoders {widths} wide</source>
        <translation>{title}（文本编码器宽 {widths}）</translation>
    </message>
    <message>
        <source>gradient checkpointing</source>
        <translation>梯度检查点</translation>
    </message>
    <message>
        <source>the batch in {parts} parts</source>
        <translation>把批次分成 {parts} 份</translation>
    </message>
    <message>
        <source>steps inside the backward pass</source>
        <translation>在反向传播中更新</translation>
    </message>
    <message>
        <source>bf16 weights, rounded at random</source>
        <translation>随机舍入的 bf16 权重</translation>
    </message>
    <message>
        <source>a base model in bf16</source>
        <translation>bf16 基础模型</translation>
    </message>
    <message>
        <source>AdamW with 8 bits</source>
        <translation>8 位 AdamW</translation>
    </message>
    <message>
        <source>the optimizer Adafactor</source>
        <translation>优化器 Adafactor</translation>
    </message>
    <message>
        <source>{first}, {more}</source>
        <translation>{first}、{more}</translation>
    </message>
    <message>
        <source>it is no hypernetwork</source>
        <translation>它不是超网络</translation>
    </message>
    <message>
        <source>its nets are {theirs}; this run&apos;s are {ours}</source>
        <translation>它的网络是 {theirs}；本次训练的是 {ours}</translation>
    </message>
    <message>
        <source>it has nets for {theirs}; this run has {ours}</source>
        <translation>它有 {theirs} 的网络；本次训练有 {ours}</translation>
    </message>
    <message>
        <source>it is of another kind than this run&apos;s add-on</source>
        <translation>它与本次训练的附加文件种类不同</translation>
    </message>
    <message>
        <source>it stands beside other layers, not {name}</source>
        <translation>它作用于其他层，不包括 {name}</translation>
    </message>
    <message>
        <source>it stands beside {name} too, which this run leaves alone</source>
        <translation>它还作用于 {name}，而本次训练不涉及该层</translation>
    </message>
    <message>
        <source>it has embeddings inside, which a run cannot continue</source>
        <translation>其中含有嵌入，训练无法接着它们继续</translation>
    </message>
    <message>
        <source>its {name} has another size</source>
        <translation>其中 {name} 的大小不同</translation>
    </message>
    <message>
        <source>Vectors</source>
        <translation>向量数</translation>
    </message>
    <message>
        <source>How much the word can hold; each takes a place of the prompt&apos;s 75.</source>
        <translation>这个词能容纳多少；每个向量占用提示词 75 个位置中的一个。</translation>
    </message>
    <message>
        <source>Begin as</source>
        <translation>初始词</translation>
    </message>
    <message>
        <source>A word or phrase that comes close. Empty: what the pictures show.</source>
        <translation>意思相近的词或短语。留空：图片中的事物。</translation>
    </message>
    <message>
        <source>Longest vector</source>
        <translation>最长的向量</translation>
    </message>
    <message>
        <source>In lengths of an ordinary word&apos;s vector. 0 sets no limit.</source>
        <translation>以普通词向量的长度为单位。0 表示不限制。</translation>
    </message>
    <message>
        <source>it is a tar archive</source>
        <translation>它是 tar 归档文件</translation>
    </message>
    <message>
        <source>it is no torch file</source>
        <translation>它不是 torch 文件</translation>
    </message>
    <message>
        <source>its end is missing, as after a download that broke off</source>
        <translation>文件末尾缺失，像是下载中断所致</translation>
    </message>
    <message>
        <source>it is not built as torch builds its files ({detail})</source>
        <translation>它的结构不符合 torch 文件（{detail}）</translation>
    </message>
    <message>
        <source>it was cut while it was read</source>
        <translation>读取过程中文件被截断</translation>
    </message>
    <message>
        <source>it needs a Beta 1 above 0, such as 0.9</source>
        <translation>需要大于 0 的 Beta 1，例如 0.9</translation>
    </message>
    <message>
        <source>it looks at all weights at once, so it cannot step inside the backward pass</source>
        <translation>它需要同时查看所有权重，因此不能在反向传播中更新</translation>
    </message>
    <message>
        <source>with fp16, weights must be held in fp32 and moved after the backward pass; bf16 and fp32 can do without</source>
        <translation>使用 fp16 时，权重必须以 fp32 保存并在反向传播之后更新；bf16 和 fp32 不需要</translation>
    </message>
    <message>
        <source>it holds no config.json</source>
        <translation>其中没有 config.json</translation>
    </message>
    <message>
        <source>a model of the type {kind} does not look at pictures</source>
        <translation>{kind} 类型的模型不能看图</translation>
    </message>
    <message>
        <source>its pictures are the most like yours ({likeness:.2f})</source>
        <translation>它的图片最像你的图片（{likeness:.2f}）</translation>
    </message>
    <message>
        <source>its pictures are as like yours as any ({likeness:.2f}, the most is {highest:.2f}), and everything else changed the least</source>
        <translation>它的图片和最像的一样接近你的图片（{likeness:.2f}，最高 {highest:.2f}），而其他内容变化最小</translation>
    </message>
    <message>
        <source>{reason}; step {step} copies your pictures</source>
        <translation>{reason}；第 {step} 步照抄了你的图片</translation>
    </message>
    <message>
        <source>{reason}; step {step} follows the prompt less</source>
        <translation>{reason}；第 {step} 步不太听从提示词</translation>
    </message>
    <message>
        <source>Measure likeness</source>
        <translation>测量相似度</translation>
    </message>
    <message>
        <source>At each checkpoint: how like your pictures, and what else changed.</source>
        <translation>在每个检查点：有多像你的图片，其他内容变了多少。</translation>
    </message>
    <message>
        <source>Pictures to compare with</source>
        <translation>用于比较的图片</translation>
    </message>
    <message>
        <source>A folder of pictures of the same thing that are not trained on.</source>
        <translation>同一事物的图片文件夹，不参与训练。</translation>
    </message>
    <message>
        <source>Keep pictures back</source>
        <translation>留出图片</translation>
    </message>
    <message>
        <source>From 6 pictures on, one in six, at most 4, is not trained on but compared with.</source>
        <translation>从 6 张起，每六张留出一张（最多 4 张），不参与训练，只用于比较。</translation>
    </message>
    <message>
        <source>Pictures judged</source>
        <translation>评判图片数</translation>
    </message>
    <message>
        <source>At each checkpoint; more are steadier and slower.</source>
        <translation>每个检查点的数量；越多越稳定，也越慢。</translation>
    </message>
    <message>
        <source>Judging network</source>
        <translation>评判网络</translation>
    </message>
    <message>
        <source>A CLIP or DINOv2 folder. Empty: the small one that Imprint brings along.</source>
        <translation>CLIP 或 DINOv2 文件夹。留空：使用 Imprint 自带的小网络。</translation>
    </message>
    <message>
        <source>Export the best checkpoint</source>
        <translation>导出最佳检查点</translation>
    </message>
    <message>
        <source>Off: always the last.</source>
        <translation>关闭：总是导出最后一个。</translation>
    </message>
    <message>
        <source>Patience</source>
        <translation>耐心</translation>
    </message>
    <message>
        <source>End the run after so many checkpoints that are no more like your pictures. 0: never.</source>
        <translation>连续这么多个检查点不再更像你的图片时结束训练。0：从不。</translation>
    </message>
    <message>
        <source>{name} should be a section of settings.</source>
        <translation>{name} 应为一组设置。</translation>
    </message>
    <message>
        <source>There is no method {name}; there are {known}.</source>
        <translation>没有名为 {name} 的方法；可用的有 {known}。</translation>
    </message>
    <message>
        <source>it is {program}.</source>
        <translation>它是{program}。</translation>
    </message>
    <message>
        <source>{name} is not a preset of Imprint: {reason}</source>
        <translation>{name} 不是 Imprint 的预设：{reason}</translation>
    </message>
    <message>
        <source>Choose a file that was saved with “Save as preset”.</source>
        <translation>请选择用“存为预设”保存的文件。</translation>
    </message>
    <message>
        <source>it holds something else.</source>
        <translation>里面是别的内容。</translation>
    </message>
    <message>
        <source>No connection to {host}.</source>
        <translation>连不上 {host}。</translation>
    </message>
    <message>
        <source>What has arrived is kept; continue later, or set a mirror address.</source>
        <translation>已下载的部分会保留；稍后继续，或设置镜像地址。</translation>
    </message>
    <message>
        <source>Nobody vouches for who answers as {host}, so nothing was fetched.</source>
        <translation>无法确认 {host} 的身份（证书不受信任），因此没有下载任何内容。</translation>
    </message>
    <message>
        <source>A virus scanner or a proxy may stand between: ask who runs the network. Or get the file elsewhere and choose “Add a file”.</source>
        <translation>可能有杀毒软件或代理介于其间，请询问网络管理员；也可以从别处获取文件，再选择“添加文件”。</translation>
    </message>
    <message>
        <source>{name} is no longer where it was.</source>
        <translation>{name} 已不在原来的位置。</translation>
    </message>
    <message>
        <source>Get the file elsewhere and choose “Add a file”.</source>
        <translation>请从别处取得文件，然后选择“添加文件”。</translation>
    </message>
    <message>
        <source>{name} is given only to people who agreed to its terms.</source>
        <translation>{name} 只提供给同意其条款的人。</translation>
    </message>
    <message>
        <source>Open {page} in a browser, download the file there, and choose “Add a file”.</source>
        <translation>请在浏览器中打开 {page} 下载文件，然后选择“添加文件”。</translation>
    </message>
    <message>
        <source>The server answered with error {status}.</source>
        <translation>服务器返回错误 {status}。</translation>
    </message>
    <message>
        <source>What has arrived is kept; try again later.</source>
        <translation>已下载的部分会保留；请稍后再试。</translation>
    </message>
    <message>
        <source>{name} arrived damaged: {reason}</source>
        <translation>{name} 下载后已损坏：{reason}</translation>
    </message>
    <message>
        <source>The damaged file was removed. Download it again.</source>
        <translation>损坏的文件已删除，请重新下载。</translation>
    </message>
    <message>
        <source>{address} does not answer as a model hub does.</source>
        <translation>{address} 的回应不像模型站。</translation>
    </message>
    <message>
        <source>Check the mirror address (it begins with https://), and whether this network wants you to sign in.</source>
        <translation>请检查镜像地址（以 https:// 开头），以及当前网络是否需要先登录。</translation>
    </message>
    <message>
        <source>Free some space, then go on: what has arrived is kept.</source>
        <translation>请腾出一些空间后继续：已下载的部分会保留。</translation>
    </message>
    <message>
        <source>The server gets too many requests from here just now.</source>
        <translation>服务器目前收到来自这里的请求过多。</translation>
    </message>
    <message>
        <source>What has arrived is kept; go on in some minutes.</source>
        <translation>已下载的部分会保留；请过几分钟再继续。</translation>
    </message>
    <message>
        <source>The server does not give {name} to this computer.</source>
        <translation>服务器不向这台电脑提供 {name}。</translation>
    </message>
    <message>
        <source>Fetching was cut off by a fault: {reason}.</source>
        <translation>下载因故障中断：{reason}。</translation>
    </message>
    <message>
        <source>What has arrived is kept: try again. If it comes again, report it, please.</source>
        <translation>已下载的部分会保留：请再试一次。如果再次出现，请反馈给我们。</translation>
    </message>
    <message>
        <source>This fits only Imprint&apos;s starter model.</source>
        <translation>它只适用于 Imprint 的入门模型。</translation>
    </message>
    <message>
        <source>Train the same project on SD 1.5.</source>
        <translation>请用 SD 1.5 训练同一个项目。</translation>
    </message>
    <message>
        <source>{front_end} does not load this kind of file: {what}.</source>
        <translation>{front_end} 不支持这类文件：{what}。</translation>
    </message>
    <message>
        <source>Choose another program, or train a LoRA.</source>
        <translation>请换一个程序，或改为训练 LoRA。</translation>
    </message>
    <message>
        <source>{front_end} has another file called {name} already.</source>
        <translation>{front_end} 里已有另一个名为 {name} 的文件。</translation>
    </message>
    <message>
        <source>Install it as {free}, or replace the file that is there.</source>
        <translation>可以安装为 {free}，或替换那里的文件。</translation>
    </message>
    <message>
        <source>The copy of {name} is not what was trained: {reason}</source>
        <translation>{name} 的副本与训练结果不符：{reason}</translation>
    </message>
    <message>
        <source>Nothing was installed. Check the disk and try again.</source>
        <translation>没有安装任何文件。请检查磁盘后重试。</translation>
    </message>
    <message>
        <source>{name} was changed since, or cannot be removed.</source>
        <translation>{name} 之后被修改过，或无法删除。</translation>
    </message>
    <message>
        <source>It stays as it is. Remove it by hand if nobody needs it.</source>
        <translation>它保持原样。如果没人需要它，请手动删除。</translation>
    </message>
    <message>
        <source>It stays as it is. The earlier file is {earlier}.</source>
        <translation>它保持原样。原来的文件是 {earlier}。</translation>
    </message>
    <message>
        <source>LoRA</source>
        <translation>LoRA</translation>
    </message>
    <message>
        <source>embedding</source>
        <translation>嵌入（embedding）</translation>
    </message>
    <message>
        <source>hypernetwork</source>
        <translation>超网络</translation>
    </message>
    <message>
        <source>checkpoint</source>
        <translation>大模型</translation>
    </message>
    <message>
        <source>In {front_end} press Refresh on the Lora tab with a model of {family} selected, then write {text}</source>
        <translation>在 {front_end} 中选好 {family} 的模型，在 Lora 标签页点刷新，然后写 {text}</translation>
    </message>
    <message>
        <source>In ComfyUI press R, put the node Load LoRA behind a checkpoint of {family}, choose {name}, and write {trigger}</source>
        <translation>在 ComfyUI 中按 R，在 {family} 的大模型后接上 Load LoRA 节点，选择 {name}，并写 {trigger}</translation>
    </message>
    <message>
        <source>In ComfyUI write embedding:{name} in the prompt, with a checkpoint of {family}.</source>
        <translation>在 ComfyUI 中使用 {family} 的大模型，并在提示词里写 embedding:{name}</translation>
    </message>
    <message>
        <source>In {front_end} select a model of {family} and write {name} in the prompt.</source>
        <translation>在 {front_end} 中选择 {family} 的模型，并在提示词里写 {name}</translation>
    </message>
    <message>
        <source>In ComfyUI press R and put the node HypernetworkLoader behind a checkpoint.</source>
        <translation>在 ComfyUI 中按 R，在大模型后接上 HypernetworkLoader 节点。</translation>
    </message>
    <message>
        <source>In {front_end} press Refresh on the Hypernetworks tab, then write {text}</source>
        <translation>在 {front_end} 的 Hypernetworks 标签页点刷新，然后写 {text}</translation>
    </message>
    <message>
        <source>In {front_end} refresh the list of checkpoints, choose {name}, and write {trigger}</source>
        <translation>在 {front_end} 中刷新大模型列表，选择 {name}，并写 {trigger}</translation>
    </message>
    <message>
        <source>In ComfyUI write embedding:{name} in the prompt, with a blank before and after it and a checkpoint of {family}.</source>
        <translation>在 ComfyUI 中使用 {family} 的大模型，并在提示词里写 embedding:{name}，前后各加一个空格。</translation>
    </message>
    <message>
        <source>In {front_end} select a model of {family} and write {name} in the prompt, with a blank or a comma before and after it.</source>
        <translation>在 {front_end} 中选择 {family} 的模型，并在提示词里写 {name}，前后加空格或逗号。</translation>
    </message>
    <message>
        <source>{front_end} keeps its own list: add the file on its page of models: {path} Then write &lt;{name}&gt; in the prompt.</source>
        <translation>{front_end} 有自己的模型列表，请在它的模型页面添加这个文件：{path} 然后在提示词里写 &lt;{name}&gt;。</translation>
    </message>
    <message>
        <source>{front_end} keeps its own list: add the file on its page of models: {path}</source>
        <translation>{front_end} 自己管理列表：请在它的模型页面添加文件：{path}</translation>
    </message>
    <message>
        <source>it changed while it was copied.</source>
        <translation>它在复制过程中被改动了。</translation>
    </message>
    <message>
        <source>its bytes differ.</source>
        <translation>字节不一致。</translation>
    </message>
    <message>
        <source>{name} is not known there.</source>
        <translation>那里不认识 {name}。</translation>
    </message>
    <message>
        <source>The list of models is damaged: {reason}</source>
        <translation>模型列表已损坏：{reason}</translation>
    </message>
    <message>
        <source>Install Imprint again, or add a model file of your own.</source>
        <translation>请重新安装 Imprint，或添加自己的模型文件。</translation>
    </message>
    <message>
        <source>it is nothing that front ends load</source>
        <translation>它不是绘图程序能加载的文件</translation>
    </message>
    <message>
        <source>its sum (sha256) is not the one that the hub tells.</source>
        <translation>它的校验值（sha256）与模型站的不同。</translation>
    </message>
    <message>
        <source>its length is not the one that the hub tells.</source>
        <translation>它的长度与模型站的不同。</translation>
    </message>
    <message>
        <source>{path} holds no model that writes captions: {reason}.</source>
        <translation>{path} 中没有可以生成描述的模型：{reason}。</translation>
    </message>
    <message>
        <source>Choose a folder with config.json, a tokenizer and .safetensors files of one of these: {kinds}.</source>
        <translation>请选择含有 config.json、分词器和 .safetensors 文件的模型文件夹，支持：{kinds}。</translation>
    </message>
    <message>
        <source>it has no config.json</source>
        <translation>缺少 config.json</translation>
    </message>
    <message>
        <source>its config.json cannot be read</source>
        <translation>config.json 无法读取</translation>
    </message>
    <message>
        <source>it is of the kind {kind}</source>
        <translation>它的类型是 {kind}</translation>
    </message>
    <message>
        <source>it has no .safetensors file</source>
        <translation>没有 .safetensors 文件</translation>
    </message>
    <message>
        <source>it has no tokenizer</source>
        <translation>没有分词器</translation>
    </message>
    <message>
        <source>its weights are an old-style .bin file, which can hold program code</source>
        <translation>它的权重是旧式 .bin 文件，其中可能含有程序代码</translation>
    </message>
    <message>
        <source>writing captions</source>
        <translation>生成描述</translation>
    </message>
    <message>
        <source>it could not be loaded ({reason})</source>
        <translation>无法加载（{reason}）</translation>
    </message>
    <message>
        <source>its config.json and its weights do not fit together</source>
        <translation>config.json 与权重不匹配</translation>
    </message>
    <message>
        <source>the disk is full</source>
        <translation>磁盘已满</translation>
    </message>
    <message>
        <source>the check of this computer does not end.</source>
        <translation>对这台电脑的检查迟迟没有结束。</translation>
    </message>
    <message>
        <source>What was fetched for the graphics card does not work here: {reason}</source>
        <translation>为显卡下载的组件在本机上不能使用：{reason}</translation>
    </message>
    <message>
        <source>Nothing was changed; the processor goes on doing the work. A newer driver for the card may help.</source>
        <translation>没有做任何更改，仍由处理器运算。更新显卡驱动也许有帮助。</translation>
    </message>
    <message>
        <source>{file} names a place outside of its folder.</source>
        <translation>{file} 里有指向自身文件夹以外的路径。</translation>
    </message>
    <message>
        <source>Paths in {folder} would come to {letters} letters; Windows takes {most} at most.</source>
        <translation>{folder} 里的路径会长达 {letters} 个字符，而 Windows 最多允许 {most} 个。</translation>
    </message>
    <message>
        <source>Choose an output folder with a shorter path, or a shorter name for the run.</source>
        <translation>请选择路径更短的输出文件夹，或给这次训练取个短一点的名字。</translation>
    </message>
    <message>
        <source>{name} could not be read back: {reason}</source>
        <translation>无法读回 {name}：{reason}</translation>
    </message>
    <message>
        <source>diffusers: from_single_file makes a scheduler for {wrong} here. Build one with {settings}.</source>
        <translation>diffusers：from_single_file 会为该模型建立 {wrong} 的调度器。请用 {settings} 自行建立调度器。</translation>
    </message>
    <message>
        <source>diffusers: from_single_file does not see the zero terminal SNR of this model. Build the scheduler with {settings}.</source>
        <translation>diffusers：from_single_file 看不出该模型使用零终端 SNR。请用 {settings} 建立调度器。</translation>
    </message>
    <message>
        <source>InvokeAI: set the model&apos;s prediction type to {right} on the page of models.</source>
        <translation>InvokeAI：请在模型页面把该模型的预测类型设为 {right}。</translation>
    </message>
    <message>
        <source>AUTOMATIC1111 and Forge: keep the .yaml beside the file; without it they may take this model for one that predicts noise.</source>
        <translation>AUTOMATIC1111 和 Forge：请把 .yaml 与文件放在一起；缺少它时，程序可能把该模型当作预测噪声的模型。</translation>
    </message>
    <message>
        <source>ComfyUI: put the node ModelSamplingDiscrete with v_prediction behind the checkpoint.</source>
        <translation>ComfyUI：请在检查点之后接上 ModelSamplingDiscrete 节点，并选择 v_prediction。</translation>
    </message>
    <message>
        <source>stable-diffusion.cpp: start it with --prediction v.</source>
        <translation>stable-diffusion.cpp：启动时请加上 --prediction v。</translation>
    </message>
    <message>
        <source>AUTOMATIC1111: set Noise schedule for sampling to Zero Terminal SNR in the settings.</source>
        <translation>AUTOMATIC1111：请在设置中把“Noise schedule for sampling”设为“Zero Terminal SNR”。</translation>
    </message>
    <message>
        <source>AUTOMATIC1111 multiplies the matrices of LoHa and LoKr in the file&apos;s precision: small changes are off by 1 to 2 % there. With fp32 as the precision of the file they are not.</source>
        <translation>AUTOMATIC1111 按文件的精度相乘 LoHa 和 LoKr 的矩阵：较小的改动在那里会有 1% 到 2% 的误差。把文件精度设为 fp32 则没有误差。</translation>
    </message>
    <message>
        <source>InvokeAI refuses this LoKr (“unrecognized token vector length”): it cannot tell the model from it. A LoKr with whole matrices (a higher rank) or a LoRA can be added there.</source>
        <translation>InvokeAI 会拒绝这个 LoKr（“unrecognized token vector length”），因为它无法由此判断适用的模型。使用完整矩阵的 LoKr（更高的秩）或 LoRA 可以添加。</translation>
    </message>
    <message>
        <source>diffusers: the layers have different ranks. Versions from 0.34 on read their scale from the file&apos;s header; older ones scale them wrongly.</source>
        <translation>diffusers：各层的秩不同。0.34 及以后的版本从文件头读取缩放系数；更早的版本会缩放错误。</translation>
    </message>
    <message>
        <source>The learnt changes are so small that {precision} keeps them only roughly: the worst layer is off by {share:.0%}. With fp32 as the precision of the file they are kept.</source>
        <translation>所学的改动很小，{precision} 只能粗略保存：误差最大的一层相差 {share:.0%}。把文件精度设为 fp32 则可完整保存。</translation>
    </message>
    <message>
        <source>The averaged weights (EMA) of the base model, {count} tensors, were left out: they are not those of the trained model.</source>
        <translation>底模的平均权重（EMA，共 {count} 个张量）没有写入：它们不属于训练后的模型。</translation>
    </message>
    <message>
        <source>its settings give {name} as {value}</source>
        <translation>其设置中 {name} 为 {value}</translation>
    </message>
    <message>
        <source>{name} in its header cannot be read</source>
        <translation>无法读取其文件头中的 {name}</translation>
    </message>
    <message>
        <source>{name} beside it cannot be read</source>
        <translation>无法读取它旁边的 {name}</translation>
    </message>
    <message>
        <source>the folder holds {count} .safetensors files, not one</source>
        <translation>该文件夹中有 {count} 个 .safetensors 文件，而不是一个</translation>
    </message>
    <message>
        <source>it is no embedding for this kind of model</source>
        <translation>它不是适用于此类模型的嵌入</translation>
    </message>
    <message>
        <source>it has {count} vectors of width {width}, this run has {own_count} of width {own_width}</source>
        <translation>它有 {count} 个宽度为 {width} 的向量，本次训练有 {own_count} 个宽度为 {own_width} 的向量</translation>
    </message>
    <message>
        <source>this computer</source>
        <translation>这台电脑</translation>
    </message>
    <message>
        <source>the graphics card</source>
        <translation>显卡</translation>
    </message>
    <message>
        <source>this task</source>
        <translation>执行此任务</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>训练前</translation>
    </message>
    <message>
        <source>After {step} steps</source>
        <translation>{step} 步之后</translation>
    </message>
    <message>
        <source>It is one of the pictures that are to be learnt.</source>
        <translation>它是要学习的图片之一。</translation>
    </message>
    <message>
        <source>{name}: {error}</source>
        <translation>{name}：{error}</translation>
    </message>
    <message>
        <source>it was made by a later version of Imprint</source>
        <translation>它由更新版本的 Imprint 制作</translation>
    </message>
    <message>
        <source>{name} does not hold what was written</source>
        <translation>{name} 的内容与写入时不同</translation>
    </message>
    <message>
        <source>Method</source>
        <translation>方法</translation>
    </message>
    <message>
        <source>it holds {name}, which this run does not have</source>
        <translation>其中有 {name}，而本次训练没有</translation>
    </message>
    <message>
        <source>it lacks {name}, which this run needs</source>
        <translation>其中缺少本次训练需要的 {name}</translation>
    </message>
    <message>
        <source>the state of the optimizer or the averaged weights belong to other weights</source>
        <translation>优化器状态或平均权重属于另一组权重</translation>
    </message>
    <message>
        <source>{name} has the shape {was}, this run needs {now}</source>
        <translation>{name} 的形状是 {was}，本次训练需要 {now}</translation>
    </message>
    <message>
        <source>averaged weights</source>
        <translation>平均权重</translation>
    </message>
    <message>
        <source>its checkpoints are gone, the last was of step {step}</source>
        <translation>它的检查点已不存在，最后一个是第 {step} 步的</translation>
    </message>
    <message>
        <source>{kib} KiB</source>
        <translation>{kib} KiB</translation>
    </message>
    <message>
        <source>what its file system holds (4 GiB on FAT32)</source>
        <translation>其文件系统允许的大小（FAT32 为 4 GiB）</translation>
    </message>
    <message>
        <source>A file that is needed</source>
        <translation>所需的文件</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>On</source>
        <translation>开</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>关</translation>
    </message>
    <message>
        <source>None</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Noise (epsilon)</source>
        <translation>噪声（epsilon）</translation>
    </message>
    <message>
        <source>Velocity (v-prediction)</source>
        <translation>速度（v-prediction）</translation>
    </message>
    <message>
        <source>75-token chunks</source>
        <translation>按 75 个 token 分段</translation>
    </message>
    <message>
        <source>Cut</source>
        <translation>截断</translation>
    </message>
    <message>
        <source>From the alpha channel</source>
        <translation>来自 alpha 通道</translation>
    </message>
    <message>
        <source>From mask files</source>
        <translation>来自遮罩文件</translation>
    </message>
    <message>
        <source>AdamW, 8 bit</source>
        <translation>AdamW，8 位</translation>
    </message>
    <message>
        <source>AdamW, schedule-free</source>
        <translation>AdamW，无需调度</translation>
    </message>
    <message>
        <source>Constant</source>
        <translation>恒定</translation>
    </message>
    <message>
        <source>Linear</source>
        <translation>线性</translation>
    </message>
    <message>
        <source>Cosine</source>
        <translation>余弦</translation>
    </message>
    <message>
        <source>Cosine with restarts</source>
        <translation>余弦（带重启）</translation>
    </message>
    <message>
        <source>Polynomial</source>
        <translation>多项式</translation>
    </message>
    <message>
        <source>Processor (CPU)</source>
        <translation>处理器（CPU）</translation>
    </message>
    <message>
        <source>Graphics card (CUDA)</source>
        <translation>显卡（CUDA）</translation>
    </message>
    <message>
        <source>Apple graphics (MPS)</source>
        <translation>Apple 图形处理器（MPS）</translation>
    </message>
    <message>
        <source>Squared error (MSE)</source>
        <translation>平方误差（MSE）</translation>
    </message>
    <message>
        <source>Exponential</source>
        <translation>指数</translation>
    </message>
    <message>
        <source>By SNR</source>
        <translation>按信噪比</translation>
    </message>
    <message>
        <source>Debiased estimation</source>
        <translation>去偏估计</translation>
    </message>
    <message>
        <source>None (linear)</source>
        <translation>无（线性）</translation>
    </message>
    <message>
        <source>Zero</source>
        <translation>零</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>正态分布</translation>
    </message>
    <message>
        <source>Xavier, uniform</source>
        <translation>Xavier（均匀分布）</translation>
    </message>
    <message>
        <source>Xavier, normal</source>
        <translation>Xavier（正态分布）</translation>
    </message>
    <message>
        <source>Kaiming, uniform</source>
        <translation>Kaiming（均匀分布）</translation>
    </message>
    <message>
        <source>Kaiming, normal</source>
        <translation>Kaiming（正态分布）</translation>
    </message>
    <message>
        <source>The text of {name} does not call the trigger word {word}: {text}</source>
        <translation>{name} 的文本没有用到触发词 {word}：{text}</translation>
    </message>
    <message>
        <source>Write the word into the caption as a word of its own, or choose another one.</source>
        <translation>请把触发词作为单独的词写进描述，或换一个触发词。</translation>
    </message>
    <message>
        <source>One tag a line: the lines are joined with commas.</source>
        <translation>每行一个标签：各行用逗号连接。</translation>
    </message>
    <message>
        <source>Several captions, one a line. One of them is drawn each time the picture is seen.</source>
        <translation>有多条描述，每行一条。每次看到该图片时随机取其中一条。</translation>
    </message>
    <message>
        <source>“|||” is read as a comma. How many tags stay in front is the setting “Tags that stay in front”.</source>
        <translation>“|||”按逗号读取。保留在前面的标签数量由“Tags that stay in front”设置决定。</translation>
    </message>
    <message>
        <source>JSON: the field {field} is used.</source>
        <translation>JSON：使用字段 {field}。</translation>
    </message>
    <message>
        <source>Japanese (Shift-JIS)</source>
        <translation>日文（Shift-JIS）</translation>
    </message>
    <message>
        <source>Korean (EUC-KR)</source>
        <translation>韩文（EUC-KR）</translation>
    </message>
    <message>
        <source>Chinese (GB18030)</source>
        <translation>简体中文（GB18030）</translation>
    </message>
    <message>
        <source>Traditional Chinese (Big5)</source>
        <translation>繁体中文（Big5）</translation>
    </message>
    <message>
        <source>Japanese (EUC-JP)</source>
        <translation>日文（EUC-JP）</translation>
    </message>
    <message>
        <source>Western European (Windows-1252)</source>
        <translation>西欧（Windows-1252）</translation>
    </message>
    <message>
        <source>Central European (Windows-1250)</source>
        <translation>中欧（Windows-1250）</translation>
    </message>
    <message>
        <source>Turkish (Windows-1254)</source>
        <translation>土耳其文（Windows-1254）</translation>
    </message>
    <message>
        <source>Cyrillic (Windows-1251)</source>
        <translation>西里尔文（Windows-1251）</translation>
    </message>
    <message>
        <source>Cyrillic (KOI8-R)</source>
        <translation>西里尔文（KOI8-R）</translation>
    </message>
    <message>
        <source>Greek (Windows-1253)</source>
        <translation>希腊文（Windows-1253）</translation>
    </message>
    <message>
        <source>Baltic (Windows-1257)</source>
        <translation>波罗的海（Windows-1257）</translation>
    </message>
    <message>
        <source>Vietnamese (Windows-1258)</source>
        <translation>越南文（Windows-1258）</translation>
    </message>
    <message>
        <source>Hebrew (Windows-1255)</source>
        <translation>希伯来文（Windows-1255）</translation>
    </message>
    <message>
        <source>Arabic (Windows-1256)</source>
        <translation>阿拉伯文（Windows-1256）</translation>
    </message>
    <message>
        <source>Thai (Windows-874)</source>
        <translation>泰文（Windows-874）</translation>
    </message>
    <message>
        <source>UTF-16</source>
        <translation>UTF-16</translation>
    </message>
    <message>
        <source>UTF-16, big-endian</source>
        <translation>UTF-16（大端序）</translation>
    </message>
    <message>
        <source>Hidden files and folders are not read.</source>
        <translation>不读取隐藏的文件和文件夹。</translation>
    </message>
    <message>
        <source>It belongs to the operating system, to a NAS or to another program.</source>
        <translation>它属于操作系统、NAS 或其他程序。</translation>
    </message>
    <message>
        <source>It was deleted: it is in a recycle bin.</source>
        <translation>它已被删除，在回收站中。</translation>
    </message>
    <message>
        <source>A program that syncs folders made this copy because of a conflict. Keep the version that you want and delete the other.</source>
        <translation>同步程序因冲突而生成了此副本。请保留需要的版本，删除另一个。</translation>
    </message>
    <message>
        <source>A temporary file, a backup copy or an unfinished download. Rename it to use it.</source>
        <translation>临时文件、备份副本或未完成的下载。要使用它，请重命名。</translation>
    </message>
    <message>
        <source>A raw file of a camera. Develop it and export it as JPEG.</source>
        <translation>相机的 RAW 文件。请冲洗后导出为 JPEG。</translation>
    </message>
    <message>
        <source>An archive. Unpack it first.</source>
        <translation>压缩包。请先解压。</translation>
    </message>
    <message>
        <source>These look like class pictures (regularization), not like the subject. To use them, choose this folder as “Own class pictures”; to learn from them, choose it as the pictures.</source>
        <translation>这些看起来是类别图片（正则化），而不是主体。要使用它们，请在“Own class pictures”中选择此文件夹；要从中学习，请将其选为图片文件夹。</translation>
    </message>
    <message>
        <source>It looks like samples, logs, models or caches of a training program. To learn from these pictures, choose this folder as the pictures.</source>
        <translation>看起来是训练程序的样图、日志、模型或缓存。要从这些图片中学习，请将此文件夹选为图片文件夹。</translation>
    </message>
    <message>
        <source>It was made by Imprint: a run, a comparison or a project with pictures of its own.</source>
        <translation>它由 Imprint 生成：一次训练、一次对比，或自带图片的项目。</translation>
    </message>
    <message>
        <source>By its name it is a mask, but there is no picture of that name. To learn from masks, choose their folder as the pictures.</source>
        <translation>从名称看它是遮罩，但没有对应名称的图片。要从遮罩学习，请将其文件夹选为图片文件夹。</translation>
    </message>
    <message>
        <source>A conditioning picture of OneTrainer; Imprint does not use these.</source>
        <translation>OneTrainer 的条件图片；Imprint 不使用这类图片。</translation>
    </message>
    <message>
        <source>{address} is a web address, not a file.</source>
        <translation>{address} 是网址，不是文件。</translation>
    </message>
    <message>
        <source>Imprint does not open web addresses. Save the file first, then drop it here.</source>
        <translation>Imprint 不会打开网址。请先把文件保存下来，再拖到这里。</translation>
    </message>
    <message>
        <source>Nothing that was dropped or pasted can be used here.</source>
        <translation>拖入或粘贴的内容在这里都用不上。</translation>
    </message>
    <message>
        <source>pictures and folders of pictures</source>
        <translation>图片和装有图片的文件夹</translation>
    </message>
    <message>
        <source>PNG pictures that were made with Stable Diffusion</source>
        <translation>由 Stable Diffusion 生成的 PNG 图片</translation>
    </message>
    <message>
        <source>base models, as files or folders</source>
        <translation>底模（文件或文件夹）</translation>
    </message>
    <message>
        <source>This page takes {wanted}.</source>
        <translation>本页可以使用{wanted}。</translation>
    </message>
    <message>
        <source>{path} is no longer there.</source>
        <translation>{path} 已经不存在。</translation>
    </message>
    <message>
        <source>It was moved or deleted. Choose it where it is now.</source>
        <translation>它被移动或删除了。请在它现在的位置选择它。</translation>
    </message>
    <message>
        <source>{gone} of {count} files are no longer there, among them {path}.</source>
        <translation>{count} 个文件中有 {gone} 个已经不存在，其中包括 {path}。</translation>
    </message>
    <message>
        <source>The others were taken. Choose the missing ones where they are now.</source>
        <translation>其余的已经采用。请在缺少的文件现在的位置选择它们。</translation>
    </message>
    <message>
        <source>Imprint was closed before all pictures were copied into this project.</source>
        <translation>上次关闭 Imprint 时，图片还没有全部复制到此项目中。</translation>
    </message>
    <message>
        <source>The rest is being copied now; {count} had been dropped.</source>
        <translation>现在正在复制其余的图片；当时共拖入 {count} 项。</translation>
    </message>
    <message>
        <source>a settings file of OneTrainer</source>
        <translation>OneTrainer 的设置文件</translation>
    </message>
    <message>
        <source>a list of concepts of OneTrainer</source>
        <translation>OneTrainer 的概念列表</translation>
    </message>
    <message>
        <source>a settings file of ai-toolkit</source>
        <translation>ai-toolkit 的设置文件</translation>
    </message>
    <message>
        <source>a settings file of SimpleTuner</source>
        <translation>SimpleTuner 的设置文件</translation>
    </message>
    <message>
        <source>a settings file of invoke-training</source>
        <translation>invoke-training 的设置文件</translation>
    </message>
    <message>
        <source>a settings file of EveryDream</source>
        <translation>EveryDream 的设置文件</translation>
    </message>
    <message>
        <source>a settings file of textual inversion or of a hypernetwork in AUTOMATIC1111</source>
        <translation>AUTOMATIC1111 的 Textual Inversion 或 Hypernetwork 设置文件</translation>
    </message>
    <message>
        <source>a settings file of a training script of diffusers</source>
        <translation>diffusers 训练脚本的设置文件</translation>
    </message>
    <message>
        <source>a settings file of kohya&apos;s trainer (sd-scripts, kohya_ss)</source>
        <translation>kohya 训练器（sd-scripts、kohya_ss）的设置文件</translation>
    </message>
    <message>
        <source>a workflow of ComfyUI</source>
        <translation>ComfyUI 的工作流</translation>
    </message>
    <message>
        <source>a settings file of accelerate</source>
        <translation>accelerate 的设置文件</translation>
    </message>
    <message>
        <source>The training has learnt nothing: after {step} steps a file would hold these weights as they were at the start, or changes too small to show: {names}.</source>
        <translation>训练什么也没有学到：{step} 步之后，文件里的这些权重与开始时相同，或者变化小到看不出来：{names}。</translation>
    </message>
    <message>
        <source>No file was written. Raise the learning rate, and check the masks and captions.</source>
        <translation>没有写出文件。请调高学习率，并检查遮罩和描述。</translation>
    </message>
    <message>
        <source>{file}: in the prompt write {name} (AUTOMATIC1111, Forge, SD.Next), embedding:{name} (ComfyUI) or &lt;{name}&gt; (InvokeAI). In diffusers load it with token={name}.</source>
        <translation>{file}：在提示词里写 {name}（AUTOMATIC1111、Forge、SD.Next）、embedding:{name}（ComfyUI）或 &lt;{name}&gt;（InvokeAI）。在 diffusers 中用 token={name} 加载。</translation>
    </message>
    <message>
        <source>{file}: in the prompt write {trigger}. AUTOMATIC1111, Forge and SD.Next also need &lt;lora:{name}:0.8&gt; there; in ComfyUI and InvokeAI choose the file as a LoRA.</source>
        <translation>{file}：在提示词里写 {trigger}。在 AUTOMATIC1111、Forge 和 SD.Next 中还要写 &lt;lora:{name}:0.8&gt;；在 ComfyUI 和 InvokeAI 中把这个文件选作 LoRA。</translation>
    </message>
    <message>
        <source>{file}: in the prompt write {trigger}. AUTOMATIC1111 also needs &lt;hypernet:{name}:1&gt; there; ComfyUI has the node HypernetworkLoader.</source>
        <translation>{file}：在提示词里写 {trigger}。在 AUTOMATIC1111 中还要写 &lt;hypernet:{name}:1&gt;；ComfyUI 用 HypernetworkLoader 节点。</translation>
    </message>
    <message>
        <source>{file}: choose it as checkpoint, and write {trigger}.</source>
        <translation>{file}：选作大模型（checkpoint），并写 {trigger}。</translation>
    </message>
    <message>
        <source>In these programs put a blank or a comma before and after {trigger}, also inside a sentence.</source>
        <translation>在这些程序里，{trigger} 的前后要加空格或逗号，写在句子中间时也一样。</translation>
    </message>
    <message>
        <source>what you like</source>
        <translation>任意内容</translation>
    </message>
    <message>
        <source>Stopped after step {step}, before anything was learnt: these weights are exactly as they were at the start: {names}.</source>
        <translation>在第 {step} 步之后停止，还什么也没有学到：这些权重与开始时完全相同：{names}。</translation>
    </message>
    <message>
        <source>Continue the run.</source>
        <translation>请继续这次训练。</translation>
    </message>
    <message>
        <source>The trigger word {trigger} is prompt syntax, so no prompt can call it.</source>
        <translation>触发词 {trigger} 是提示词的语法符号，写在提示词里无法触发。</translation>
    </message>
    <message>
        <source>Better use {better}.</source>
        <translation>建议改用 {better}。</translation>
    </message>
    <message>
        <source>The trigger word “{trigger}” is a common word: every prompt that contains it calls what is learnt.</source>
        <translation>触发词“{trigger}”是常用词：每个含有它的提示词都会触发所学的内容。</translation>
    </message>
    <message>
        <source>A sample prompt does not contain the trigger word {trigger}: {prompt}</source>
        <translation>有一条样图提示词不含触发词 {trigger}：{prompt}</translation>
    </message>
    <message>
        <source>That sample shows what the model makes of other prompts.</source>
        <translation>这张样图显示的是模型对其他提示词的反应。</translation>
    </message>
    <message>
        <source>No sample prompt contains the trigger word {trigger}, so none would show what is learnt. The first is: {prompt}</source>
        <translation>没有一条样图提示词包含触发词 {trigger}，样图看不出学到了什么。第一条是：{prompt}</translation>
    </message>
    <message>
        <source>The samples are drawn with captions instead.</source>
        <translation>样图改用图片的描述来绘制。</translation>
    </message>
    <message>
        <source>The prompt does not contain {word}, so the embedding {name} has no effect.</source>
        <translation>提示词里没有 {word}，所以嵌入 {name} 不起作用。</translation>
    </message>
    <message>
        <source>Write {word} into the prompt.</source>
        <translation>请在提示词里写上 {word}。</translation>
    </message>
    <message>
        <source>The prompt does not contain the trigger word of {name}, {word}, so the picture may show little of what was learnt.</source>
        <translation>提示词里没有 {name} 的触发词 {word}，图片可能看不出学到的内容。</translation>
    </message>
    <message>
        <source>The prompt does not call {word}, so the embedding {name} has no effect. Brackets in a prompt are emphasis unless a backslash precedes them.</source>
        <translation>提示词没有调用 {word}，因此嵌入 {name} 不起作用。提示词中的括号表示强调，除非前面有反斜杠。</translation>
    </message>
    <message>
        <source>Write {written} into the prompt, or rename the file.</source>
        <translation>请在提示词中写 {written}，或给文件改名。</translation>
    </message>
    <message>
        <source>The word of the embedding {name}, {word}, is prompt syntax, so no prompt can call it.</source>
        <translation>嵌入 {name} 的词 {word} 是提示词语法，任何提示词都无法调用它。</translation>
    </message>
    <message>
        <source>Rename the file: its name is the word.</source>
        <translation>请给文件改名：文件名就是这个词。</translation>
    </message>
    <message>
        <source>{name} was trained together with the embedding {word}, which was not given, so the picture may show little of what was learnt.</source>
        <translation>{name} 是与嵌入 {word} 一起训练的，但没有给出该嵌入，因此图片可能很少体现学到的内容。</translation>
    </message>
    <message>
        <source>Add the embedding too: its file came from the same run.</source>
        <translation>请同时添加该嵌入：它的文件出自同一次训练。</translation>
    </message>
    <message>
        <source>it ended without saying why</source>
        <translation>它结束时没有说明原因</translation>
    </message>
    <message>
        <source>it is larger than {mib:g} MiB</source>
        <translation>它大于 {mib:g} MiB</translation>
    </message>
    <message>
        <source>it is not a regular file</source>
        <translation>它不是普通文件</translation>
    </message>
    <message>
        <source>This Imprint is training or exporting the run {folder} right now.</source>
        <translation>本程序正在训练或导出 {folder}。</translation>
    </message>
    <message>
        <source>Wait until that has ended. A training that is stopped exports its result too.</source>
        <translation>请等待其结束。停止训练时也会导出结果。</translation>
    </message>
    <message>
        <source>The run {folder} is finished, but what it exported is gone: {files}.</source>
        <translation>训练 {folder} 已完成，但导出的文件不见了：{files}。</translation>
    </message>
    <message>
        <source>If you moved it, all is well. To write it again: imprint export &quot;{folder}&quot; --format {formats} --out FILE</source>
        <translation>如果是您移走了它，则没有问题。要重新写出：imprint export &quot;{folder}&quot; --format {formats} --out FILE</translation>
    </message>
    <message>
        <source>{path} could not be opened: {reason}.</source>
        <translation>无法打开 {path}：{reason}。</translation>
    </message>
    <message>
        <source>Check the path and your rights to read the file, then try again.</source>
        <translation>请检查路径以及读取该文件的权限，然后重试。</translation>
    </message>
    <message>
        <source>{path} could not be read as settings: it is not UTF-8 text.</source>
        <translation>无法将 {path} 读作设置：它不是 UTF-8 文本。</translation>
    </message>
    <message>
        <source>Save it as UTF-8 in a text editor, then try again.</source>
        <translation>请在文本编辑器中将其保存为 UTF-8，然后重试。</translation>
    </message>
    <message>
        <source>line {line}, column {column}: {what}</source>
        <translation>第 {line} 行第 {column} 列：{what}</translation>
    </message>
    <message>
        <source>at the end of the file: {what}</source>
        <translation>文件末尾：{what}</translation>
    </message>
    <message>
        <source>its brackets are nested too deeply</source>
        <translation>括号嵌套层数过多</translation>
    </message>
    <message>
        <source>a number in it has too many digits</source>
        <translation>其中一个数字的位数过多</translation>
    </message>
    <message>
        <source>{name} is in it twice</source>
        <translation>其中 {name} 出现了两次</translation>
    </message>
    <message>
        <source>{number} in it is not a number that can be used</source>
        <translation>其中的 {number} 不是可用的数值</translation>
    </message>
    <message>
        <source>it is not a text file</source>
        <translation>它不是文本文件</translation>
    </message>
    <message>
        <source>The folder of this run was renamed or moved: {was}.</source>
        <translation>这次训练的文件夹已被重命名或移动：{was}。</translation>
    </message>
    <message>
        <source>The training goes on in {folder}.</source>
        <translation>训练将在 {folder} 中继续。</translation>
    </message>
    <message>
        <source>The folder of this run was deleted: {folder}.</source>
        <translation>这次训练的文件夹已被删除：{folder}。</translation>
    </message>
    <message>
        <source>The result will be saved beside Imprint&apos;s own data; its end says where.</source>
        <translation>结果将保存在 Imprint 自己的数据旁边；结束时会说明位置。</translation>
    </message>
    <message>
        <source>a link is in its place</source>
        <translation>该位置是一个链接</translation>
    </message>
    <message>
        <source>files may not grow beyond {limit}</source>
        <translation>文件大小不得超过 {limit}</translation>
    </message>
    <message>
        <source>something else has this name</source>
        <translation>该名称已被其他内容占用</translation>
    </message>
    <message>
        <source>{path} is a link. Imprint writes through no link inside a project or a run.</source>
        <translation>{path} 是一个链接。在项目或训练文件夹内，Imprint 不会通过链接写入。</translation>
    </message>
    <message>
        <source>Put a folder or a file of its own there, or choose another output folder.</source>
        <translation>请在那里放一个真正的文件夹或文件，或选择其他输出文件夹。</translation>
    </message>
    <message>
        <source>{path} is there already, and nothing shows that Imprint wrote it.</source>
        <translation>{path} 已经存在，而且无法证明它是 Imprint 写的。</translation>
    </message>
    <message>
        <source>Nothing was changed. Choose another name, or move what is there.</source>
        <translation>没有做任何更改。请换一个名称，或移走那里的内容。</translation>
    </message>
    <message>
        <source>{path} is no name for the format {format}, which has the ending {suffix}</source>
        <translation>{path} 的名称不符合 {format} 格式应有的结尾：{suffix}</translation>
    </message>
    <message>
        <source>Nothing was changed. Choose a name with that ending; a folder&apos;s name has none.</source>
        <translation>没有做任何更改。请使用这样结尾的名称；文件夹的名称没有后缀。</translation>
    </message>
    <message>
        <source>Files in {folder} may not grow beyond {limit}.</source>
        <translation>{folder} 中的文件大小不得超过 {limit}。</translation>
    </message>
    <message>
        <source>Lift the limit (ulimit -f unlimited), or choose a folder on another disk, then try again.</source>
        <translation>请取消该限制（ulimit -f unlimited），或选择另一磁盘上的文件夹，然后重试。</translation>
    </message>
    <message>
        <source>{path} was there already and is not as Imprint exported it.</source>
        <translation>{path} 已经存在，而且与 Imprint 导出的内容不同。</translation>
    </message>
    <message>
        <source>It is kept as {kept}.</source>
        <translation>它已保留为 {kept}。</translation>
    </message>
    <message>
        <source>{name} is a copy of the project in {folder}.</source>
        <translation>{name} 是 {folder} 中项目的副本。</translation>
    </message>
    <message>
        <source>From now on it is a project of its own: what you do here changes nothing there.</source>
        <translation>从现在起它是一个独立的项目：在这里的操作不会改变原来的项目。</translation>
    </message>
    <message>
        <source>{file} lies among other files in {folder}.</source>
        <translation>{file} 与其他文件一起放在 {folder} 中。</translation>
    </message>
    <message>
        <source>A project needs a folder of its own. Put the file into a new folder, then open it there.</source>
        <translation>项目需要自己的文件夹。请把该文件放入一个新文件夹，再从那里打开。</translation>
    </message>
    <message>
        <source>{file} cannot be opened as a project: {reason}.</source>
        <translation>无法将 {file} 作为项目打开：{reason}。</translation>
    </message>
    <message>
        <source>Nothing was changed. Open another project, or drop pictures to begin a new one.</source>
        <translation>没有做任何更改。请打开其他项目，或拖入图片以新建项目。</translation>
    </message>
    <message>
        <source>The project was renamed or moved: {was}.</source>
        <translation>项目已被重命名或移动：{was}。</translation>
    </message>
    <message>
        <source>It is open in {folder} now.</source>
        <translation>现在它在 {folder} 中打开。</translation>
    </message>
    <message>
        <source>The project is no longer in {folder}.</source>
        <translation>项目已不在 {folder} 中。</translation>
    </message>
    <message>
        <source>What you change is not saved until it is there again. Put it back, or open another one.</source>
        <translation>在它回到原处之前，您所做的更改不会保存。请将它放回原处，或打开另一个项目。</translation>
    </message>
    <message>
        <source>{file} was changed by another window or another program.</source>
        <translation>{file} 已被另一个窗口或其他程序修改。</translation>
    </message>
    <message>
        <source>What was changed there is taken over here; where both changed the same setting, yours stays.</source>
        <translation>那边的修改已在这里生效；两边都改过的设置以这里的为准。</translation>
    </message>
    <message>
        <source>{name} has been open on {computer} since {time}.</source>
        <translation>{name} 自 {time} 起已在 {computer} 上打开。</translation>
    </message>
    <message>
        <source>You can work on it here as well: what is changed there is taken over here. Where both change the same setting, the later change stays.</source>
        <translation>您也可以在这里处理它：那边的修改会同步到这里。如果两边修改了同一项设置，则以较晚的修改为准。</translation>
    </message>
    <message>
        <source>a whole number from {low} to {high}</source>
        <translation>{low} 到 {high} 之间的整数</translation>
    </message>
    <message>
        <source>a number between {low} and {high}</source>
        <translation>{low} 与 {high} 之间的数值</translation>
    </message>
    <message>
        <source>a list of {count} values, each {wanted}</source>
        <translation>含 {count} 个值的列表，每个值为{wanted}</translation>
    </message>
    <message>
        <source>at least {name}, which is {limit}</source>
        <translation>不小于 {name}（{limit}）</translation>
    </message>
    <message>
        <source>The environment has {set} of torchrun but not {missing}: what is set is ignored.</source>
        <translation>环境变量中有 torchrun 的 {set}，却没有 {missing}：已忽略这些变量。</translation>
    </message>
    <message>
        <source>Remove it: unset {set}</source>
        <translation>请将其删除：unset {set}</translation>
    </message>
    <message>
        <source>The variable {name} of torchrun is {value}, which names no process of a run.</source>
        <translation>torchrun 的变量 {name} 为 {value}，不对应任何训练进程。</translation>
    </message>
    <message>
        <source>Start all processes with torchrun, which sets it.</source>
        <translation>请用 torchrun 启动所有进程，由它设置该变量。</translation>
    </message>
    <message>
        <source>The settings ask for the device {device}, but there is no {name} that can be used.</source>
        <translation>设置要求使用设备 {device}，但没有可用的{name}。</translation>
    </message>
    <message>
        <source>Set the device to auto, or install the card&apos;s driver and a PyTorch made for it. To go on without it once, start Imprint with IMPRINT_DEVICE=cpu in the environment.</source>
        <translation>请把设备设为 auto，或安装显卡驱动和相应版本的 PyTorch。如果只是这一次不用显卡，请设置环境变量 IMPRINT_DEVICE=cpu 再启动 Imprint。</translation>
    </message>
    <message>
        <source>{device} cannot train in {precision}.</source>
        <translation>{device}无法以 {precision} 训练。</translation>
    </message>
    <message>
        <source>Set the precision to auto, which takes the best that the device can do.</source>
        <translation>请把精度设为 auto，它会选用该设备的最佳精度。</translation>
    </message>
</context>
<context>
    <name>words</name>
    <message>
        <source>Warming up…</source>
        <translation>正在预热…</translation>
    </message>
    <message>
        <source>Loading the model…</source>
        <translation>正在加载模型…</translation>
    </message>
    <message>
        <source>Reading pictures…</source>
        <translation>正在读取图片…</translation>
    </message>
    <message>
        <source>Drawing pictures of the class…</source>
        <translation>正在绘制类别图片…</translation>
    </message>
    <message>
        <source>Preparing pictures…</source>
        <translation>正在处理图片…</translation>
    </message>
    <message>
        <source>Making samples…</source>
        <translation>正在生成采样图…</translation>
    </message>
    <message>
        <source>Measuring likeness…</source>
        <translation>正在测量相似度…</translation>
    </message>
    <message>
        <source>Writing files…</source>
        <translation>正在写入文件…</translation>
    </message>
    <message>
        <source>Checking this computer…</source>
        <translation>正在检查这台电脑…</translation>
    </message>
    <message>
        <source>Writing captions…</source>
        <translation>正在生成描述…</translation>
    </message>
    <message>
        <source>{0} h {1:02d} min</source>
        <translation>{0} 小时 {1:02d} 分</translation>
    </message>
    <message>
        <source>{0} min {1:02d} s</source>
        <translation>{0} 分 {1:02d} 秒</translation>
    </message>
    <message>
        <source>{0} s</source>
        <translation>{0} 秒</translation>
    </message>
</context>
</TS>
